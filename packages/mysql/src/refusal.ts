import { invalidConfig, UserMetaError } from "@usermeta/core";

type DriverError = { readonly errno?: unknown; readonly sqlState?: unknown; readonly fatal?: unknown };
const numberOf = (error: unknown): number => Number((error as DriverError).errno);

/** Whether the server itself refused the statement, so that the connection is still good. */
export const isAnswered = (error: unknown): boolean =>
  typeof (error as DriverError).sqlState === "string" && !(error as DriverError).fatal && !leaving.has(numberOf(error));

/** Server shutdown, killed connection or session, disconnected for inactivity. */
const leaving = new Set([1053, 1927, 3169, 4031]);
/** Record changed, lock wait timeout, deadlock. */
const undone = new Set([1020, 1205, 1213]);
/** Whether an error undid everything, and may not come again. */
export const isPassing = (error: unknown): boolean =>
  !(error instanceof UserMetaError) &&
  (undone.has(numberOf(error)) || leaving.has(numberOf(error)) || (error as DriverError).fatal === true);

/** Disk full, engine failure, too many connections, read-only, statement stopped. */
const outOfService = new Set([1021, 1030, 1040, 1114, 1129, 1203, 1226, 1290, 1317, 1792, 1836, 1969, 3024, 3100]);
/** Access denied, unknown database. */
const denied = new Set([1044, 1045, 1049, 1142, 1143, 1698]);
/** Unknown column, table or index. */
const missing = new Set([1054, 1146, 1176]);

export function refusal(cause: unknown): UserMetaError | undefined {
  const number = numberOf(cause);
  if (outOfService.has(number)) return unavailable("the database refuses to work", cause);
  if (missing.has(number))
    return invalidConfig("the schema of usermeta or a declared index is missing: run migrate()", cause);
  if (denied.has(number)) return invalidConfig("the database user lacks a privilege: see the README's grants", cause);
  return undefined;
}

export function unavailable(reason: string, cause: unknown): UserMetaError {
  return new UserMetaError("store_unavailable", `${reason}; nothing was written`, { cause });
}
