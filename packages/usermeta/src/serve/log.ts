/** Writes one JSON object per line. Callers pass names, numbers and codes: never a header, a body, a query or a user id. */
export interface Log {
  /** Something went as it should. */
  info(message: string, fields?: Fields): void;
  /** Somebody should look at it. */
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}
type Fields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A log on standard output. */
export function createLog(): Log {
  const write = (level: string) => (message: string, fields?: Fields) => {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

/**
 * What a log may say of an error that is not ours: its kind and where it was thrown. Messages of drivers quote rows and
 * parameters, so they stay out.
 */
export function causeOf(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code, cause } = error as NodeJS.ErrnoException;
  const at = error.stack?.split("\n").filter((line) => /^\s+at /.test(line));
  const behind = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : undefined;
  return { error: error.name, code, cause: behind, at: at?.slice(0, 8).map((line) => line.trim()) };
}
