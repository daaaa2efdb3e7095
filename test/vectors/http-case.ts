/** One case of `http_cases.json`; `README.md` beside it explains the fields. */
export interface HttpCase {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly request: HttpCaseRequest;
  readonly expect: HttpCaseExpectation;
}

export interface HttpCaseRequest {
  readonly as?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface HttpCaseExpectation {
  readonly status?: readonly number[];
  readonly header?: Readonly<Record<string, string>>;
  readonly noHeader?: string;
  readonly neverUser?: string;
  readonly storedUnder?: string;
  readonly onlyThatUserChanged?: boolean;
  readonly emptyBody?: boolean;
  readonly never?: number | string;
  readonly startup?: string;
  readonly grepZero?: readonly string[];
}
