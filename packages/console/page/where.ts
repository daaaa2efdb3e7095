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

/** A `where` as conditions: its address can be kept, and written by hand. None for what is no search. */
export function fromWhere(where: string | undefined): readonly Condition[] {
  return Object.entries(toObject(where)).flatMap(([path, value]) =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([operator, operand]) => toCondition(path, operator, operand))
      : toCondition(path, "in", [value]),
  );
}

function toObject(text = "{}"): object {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function toCondition(path: string, operator: string, value: unknown): readonly Condition[] {
  if (operator === "exists") return [{ path, operator: value === true ? "exists" : "absent", value: "" }];
  if (operator === "in" && Array.isArray(value))
    return [{ path, operator: value.length === 1 ? "is" : "in", value: value.map(toText).join(", ") }];
  return operator === "gt" || operator === "gte" || operator === "lt" || operator === "lte"
    ? [{ path, operator, value: toText(value) }]
    : [];
}

/** Whether an earlier condition asks the same of the same path, which a `where` cannot say twice. */
export function isRepeated(conditions: readonly Condition[], at: number): boolean {
  const asks = ({ path, operator, value }: Condition): string =>
    `${path} ${Object.keys(comparison(operator, value)).join()}`;
  const { [at]: one } = conditions;
  return one !== undefined && conditions.findIndex((other) => asks(other) === asks(one)) < at;
}
