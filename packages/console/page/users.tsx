import { useSignal } from "@preact/signals";
import { checkUserId, countCharacters, scopes, UserMetaError } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Filter } from "./filter.tsx";
import { Problem } from "./gate.tsx";
import { Heading } from "./heading.tsx";
import { Left, Right } from "./icons.tsx";
import { toUser, toUsers } from "./location.ts";
import { Meter } from "./meter.tsx";
import { read, type UserRecord } from "./requests.ts";
import { Time } from "./time.tsx";

/** Which page of the list. */
export interface UsersProps {
  readonly where: string | undefined;
  readonly cursor: string | undefined;
}

interface UserPage {
  readonly users: readonly UserRecord[];
  readonly next: string | null;
}

const pageSize = 50;
/** The address of the page before another one, as far as this tab has been. */
const previous = new Map<string, string>();

/** The list of users, and ways to find one. */
export function Users({ where, cursor }: UsersProps): JSX.Element {
  const page = useSignal<UserPage | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const here = toUsers(where, cursor);

  useEffect(() => {
    document.title = "Users · usermeta console";
    const abort = new AbortController();
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (where !== undefined) query.set("where", where);
    if (cursor !== undefined) query.set("cursor", cursor);
    read<UserPage>(`admin/users?${query}`, abort.signal).then(
      (found) => {
        if (found.next !== null) previous.set(toUsers(where, found.next), here);
        page.value = found;
      },
      (reason: unknown) => {
        if (!abort.signal.aborted) error.value = reason;
      },
    );
    return () => abort.abort();
  }, [where, cursor, here]);

  const { users = [], next = null } = page.value ?? {};
  const back = previous.get(here) ?? (cursor === undefined ? undefined : toUsers(where));
  return (
    <>
      <div class="head">
        <Heading>Users</Heading>
        <OpenUser />
      </div>
      <Filter where={where} />
      {error.value !== undefined && <SearchProblem error={error.value} />}
      <section class="card" aria-label="Users" aria-busy={page.value === undefined && error.value === undefined}>
        <table>
          <thead>
            <tr>
              <th scope="col">User</th>
              <th scope="col" class="preview">
                Public metadata
              </th>
              {scopes.map((scope) => (
                <th key={scope} scope="col" class="number">
                  {scope}
                </th>
              ))}
              <th scope="col" class="number">
                Version
              </th>
              <th scope="col">Changed</th>
            </tr>
          </thead>
          <tbody>
            {users.map((user) => (
              <UserRow key={user.userId} user={user} />
            ))}
          </tbody>
        </table>
        {page.value !== undefined && users.length === 0 && (
          <p class="empty">{where === undefined ? "Nobody has metadata yet." : "Nobody matches these conditions."}</p>
        )}
        {page.value === undefined && error.value === undefined && <p class="empty">Reading…</p>}
        <nav class="pages" aria-label="Pages">
          <span class="soft">
            {users.length > 0 && `${users.length} ${users.length === 1 ? "user" : "users"}, by id`}
          </span>
          <PageLink to={back} label="Previous">
            <Left /> Previous
          </PageLink>
          <PageLink to={next === null ? undefined : toUsers(where, next)} label="Next">
            Next <Right />
          </PageLink>
        </nav>
      </section>
    </>
  );
}

function UserRow({ user }: { readonly user: UserRecord }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <a href={toUser(user.userId)} class="mono">
          <bdi>{user.userId}</bdi>
        </a>
      </th>
      <td class="preview mono soft">{JSON.stringify(user.public).slice(0, 200)}</td>
      {scopes.map((scope) => (
        <td key={scope} class="number" data-label={scope}>
          <Meter scope={scope} size={countCharacters(user[scope])} isBrief />
        </td>
      ))}
      <td class="number" data-label="version">
        {user.version}
      </td>
      <td class="changed">
        <Time at={user.updatedAt} />
      </td>
    </tr>
  );
}

function PageLink({ to, label, children }: { to: string | undefined; label: string; children: unknown }): JSX.Element {
  if (to === undefined)
    return (
      <span class="button" aria-disabled="true">
        {children as JSX.Element}
      </span>
    );
  return (
    <a class="button" href={to} aria-label={`${label} page`}>
      {children as JSX.Element}
    </a>
  );
}

/** Opens a user by the exact id: ids are opaque, so there is nothing to search in them. */
function OpenUser(): JSX.Element {
  const error = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const abort = new AbortController();
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== "/" || (event.target instanceof Element && event.target.matches("input, select"))) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", listen, { signal: abort.signal });
    return () => abort.abort();
  }, []);

  function open(event: SubmitEvent): void {
    event.preventDefault();
    const userId = field.current?.value;
    try {
      checkUserId(userId);
      location.hash = toUser(userId);
    } catch (reason) {
      if (!(reason instanceof UserMetaError)) throw reason;
      error.value = reason.message;
    }
  }
  return (
    <form class="open" onSubmit={open}>
      <label>
        <span class="hidden">User id</span>
        <input
          ref={field}
          type="search"
          name="userId"
          class="mono"
          placeholder="User id"
          autocomplete="off"
          spellcheck={false}
          required
          aria-invalid={error.value !== undefined}
          aria-describedby="open-error"
          aria-keyshortcuts="/"
        />
      </label>
      <button type="submit">Open</button>
      <span id="open-error" role="alert" class="wrong">
        {error.value}
      </span>
    </form>
  );
}

/** Why a search was refused; the two usual reasons in this page's own words. */
function SearchProblem({ error }: { readonly error: unknown }): JSX.Element {
  const code = error instanceof UserMetaError ? error.code : undefined;
  if (code === "unindexed_path")
    return (
      <div role="alert" class="problem">
        <strong>That path has no index.</strong> Only paths that the application declared can be searched, so that a
        search never reads every record. Declare it where the store is made, for example{" "}
        <code>sqliteStore("usermeta.db", {'{ indexes: ["public.plan"] }'})</code>.
      </div>
    );
  if (code === "not_supported")
    return (
      <div role="alert" class="problem">
        <strong>This store cannot search.</strong> It finds users by their id only: open one above, or look through the
        list.
      </div>
    );
  return (
    <div role="alert">
      <Problem error={error} />
    </div>
  );
}
