import { Readable } from "node:stream";
import { UserMetaError } from "@usermeta/core";
import { CsvError, parse } from "csv-parse";
import { type Entry, maxRowBytes, unreadable } from "./entry.ts";

/**
 * The records of a table (RFC 4180, UTF-8), each as an object of its cells by the names of the first record, or by those
 * that are given where a table has none. Row numbers count records, the first one included.
 */
export async function* readRecords(
  chunks: AsyncIterable<Buffer>,
  names?: readonly string[],
): AsyncGenerator<readonly Entry[], void, undefined> {
  const parser = parse({ bom: true, relax_column_count: true, skip_empty_lines: true, max_record_size: maxRowBytes });
  const text = Readable.from(decode(chunks));
  text.on("error", (error) => parser.destroy(error));
  text.pipe(parser);
  let row = 0;
  let header = names;
  let entries: Entry[] = [];
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      row++;
      if (header === undefined) header = checkHeader(cells);
      else entries.push(toEntry(cells, header, row, names !== undefined));
      if (entries.length < 100) continue;
      yield entries;
      entries = [];
    }
  } catch (error) {
    // The parser's own words quote cells, so only its code and line are told.
    if (error instanceof CsvError) throw unreadable(`line ${Number(error["lines"])} is not CSV (${error.code})`, error);
    throw error;
  }
  yield entries;
}

function toEntry(cells: readonly string[], header: readonly string[], row: number, isLoose: boolean): Entry {
  return {
    row,
    size: cells.reduce((sum, cell) => sum + cell.length, 0),
    read() {
      if (!isLoose && cells.length !== header.length)
        throw new UserMetaError(
          "invalid_request",
          `the record has ${cells.length} cells, and the header ${header.length}`,
        );
      return Object.fromEntries(header.map((name, i) => [name, cells[i] ?? ""]));
    },
  };
}

function checkHeader(cells: readonly string[]): readonly string[] {
  if (new Set(cells).size !== cells.length) throw unreadable("the first record must name each column once");
  return cells;
}

async function* decode(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw unreadable("the file must be UTF-8", error);
    throw error;
  }
}
