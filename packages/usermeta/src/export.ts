import type { Records, StoredRecord, Where } from "@usermeta/core";

/** The forms that `usermeta export` writes and `usermeta import` reads. */
export type ExportForm = "ndjson" | "csv";

/** Every record, or those that a search finds, as text in pieces of some kilobytes. */
export async function* exportUsers(
  records: Records,
  form: ExportForm,
  { where, onProgress }: { readonly where?: Where | undefined; readonly onProgress?: (users: number) => void } = {},
): AsyncGenerator<string, void, undefined> {
  if (form === "csv") yield `${columns.join(",")}\r\n`;
  let cursor: string | undefined;
  let users = 0;
  do {
    const page = await records.list({ where, cursor, limit: 100 });
    yield page.items.map(writers[form]).join("");
    users += page.items.length;
    onProgress?.(users);
    cursor = page.next;
  } while (cursor !== undefined);
}

const columns = ["userId", "public", "private", "unsafe", "version", "createdAt", "updatedAt"] as const;

const writers: Readonly<Record<ExportForm, (record: StoredRecord) => string>> = {
  /** The stored text itself, so that nothing is lost on the way. */
  ndjson: (record) => {
    const { createdAt, updatedAt, version } = times(record);
    const scopes = `"public":${record.public.json},"private":${record.private.json},"unsafe":${record.unsafe.json}`;
    return `{"userId":${JSON.stringify(record.userId)},${scopes},"version":${version},"createdAt":"${createdAt}","updatedAt":"${updatedAt}"}\n`;
  },
  /** Each scope is a cell of JSON text: RFC 4180 has no objects. */
  csv: (record) => {
    const { createdAt, updatedAt, version } = times(record);
    const cells = [record.userId, record.public.json, record.private.json, record.unsafe.json];
    return `${[...cells.map(quoted), version, createdAt, updatedAt].join(",")}\r\n`;
  },
};

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

function times(
  record: StoredRecord,
): Readonly<Record<"createdAt" | "updatedAt", string>> & { readonly version: number } {
  const updated = Math.max(record.public.updatedAt, record.private.updatedAt, record.unsafe.updatedAt);
  return {
    version: record.version,
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(updated).toISOString(),
  };
}
