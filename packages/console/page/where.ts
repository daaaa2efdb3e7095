/** One condition of a search, as people fill it in. */
export interface Condition {
  readonly path: string;
  readonly operator: Operator;
  readonly value: string;
}
export type Operator = keyof typeof operators;

/** How values are compared, in words; an operator without a value has none to fill in. */
export const operators = {
  is: "is",
  in: "is one of",
  gt: ">",
  gte: "≥",
  lt: "<",
  lte: "≤",
  exists: "exists",
  absent: "is absent",
} as const;

export const noCondition: Condition = { path: "", operator: "is", value: "" };

/** Whether an operator compares with something. */
export const hasValue = (operator: Operator): boolean => operator !== "exists" && operator !== "absent";

/** Conditions as the text of a `where`; `undefined` without any. */
export function toWhere(conditions: readonly Condition[]): string | undefined {
  const where: Record<string, Record<string, unknown>> = {};
  for (const { path, operator, value } of conditions)
    if (path !== "") where[path] = { ...where[path], ...comparison(operator, value) };
  return Object.keys(where).length === 0 ? undefined : JSON.stringify(where);
}

function comparison(operator: Operator, value: string): Readonly<Record<string, unknown>> {
  switch (operator) {
    case "is":
      return { in: [toScalar(value)] };
    case "in":
      return { in: value.split(",").map((item) => toScalar(item.trim())) };
    case "exists":
    case "absent":
      return { exists: operator === "exists" };
    default:
      return { [operator]: toScalar(value) };
  }
}

/** `pro` and `"42"` are strings, `42`, `true` and `null` are not. */
function toScalar(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? text : value;
  } catch {
    return text;
  }
}

const toText = (value: unknown): string =>
  typeof value === "string" && toScalar(value) === value ? value : JSON.stringify(value);

/** A `where` as conditions, so that its address can be kept. None for one that was not made here. */
export function fromWhere(where: string | undefined): readonly Condition[] {
  let terms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  try {
    terms = JSON.parse(where ?? "{}") as typeof terms;
  } catch {
    return [];
  }
  return Object.entries(terms).flatMap(([path, comparisons]) =>
    Object.entries(comparisons).flatMap(([operator, value]): Condition[] => {
      if (operator === "exists") return [{ path, operator: value === true ? "exists" : "absent", value: "" }];
      if (operator === "in" && Array.isArray(value))
        return [{ path, operator: value.length === 1 ? "is" : "in", value: value.map(toText).join(", ") }];
      return Object.hasOwn(operators, operator) ? [{ path, operator: operator as Operator, value: toText(value) }] : [];
    }),
  );
}
