// The demo's page: plain DOM, no build step. Data of users becomes text only, never markup.

const own = "/usermeta/me/metadata";
const adminUsers = "/usermeta/admin/users";
const byId = (id) => document.getElementById(id);
const pretty = (value) => JSON.stringify(value, null, 2);

/** What the page knows: who is signed in, and the records as they were last read, with their ETags. */
const state = { user: undefined, own: undefined, record: undefined };

// ------------------------------------------------------------------------------------------------------- requests

/** Sends a request, shows it as a curl line, and returns the answer with its parsed body. */
async function send(method, path, { body, type = "application/json", headers = {} } = {}) {
  const sent = { ...headers, ...(body !== undefined && { "content-type": type }) };
  const response = await fetch(path, { method, headers: sent, ...(body !== undefined && { body }) });
  const text = await response.text();
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    data = undefined; // 204, or a page of the framework
  }
  const answer = { status: response.status, ok: response.ok, data, etag: response.headers.get("etag") };
  showWire(method, path, sent, body, answer);
  return answer;
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function showWire(method, path, headers, body, { status, data, etag }) {
  const parts = [`curl -s ${quote(location.origin + path)}`];
  if (method !== "GET") parts.push(`-X ${method}`);
  if (state.user) parts.push(`-H "authorization: Bearer $${state.user.userId.toUpperCase()}"`);
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`-d ${quote(body)}`);
  byId("wire-request").textContent = parts.join(" ");
  byId("wire-status").textContent = `${status}${etag ? `, ETag ${etag}` : ""}`;
  byId("wire-answer").textContent = data === undefined ? "(no body)" : pretty(data);
}

/** A listener that starts something and says so when the server cannot be reached. */
const on = (act) => (event) => {
  act(event).catch((error) => {
    console.error(error);
    byId("wire-status").textContent = "The demo does not answer. Is it still running?";
  });
};

// ------------------------------------------------------------------------------------------------------- elements

/** An element with properties and children; strings become text. */
function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function showMessage(id, title, { detail = "", bad = false, action } = {}) {
  const box = byId(id);
  box.className = bad ? "message bad" : "message";
  box.replaceChildren(el("strong", {}, title), detail, ...(action ? [el("div", {}, action)] : []));
  box.hidden = false;
}

/** A problem document in words: what is wrong, why, and where. */
function showProblem(id, { status, data }, action) {
  const where = data?.pointer ? ` Look at ${data.pointer}.` : "";
  const detail = data?.detail ? `${data.detail[0].toUpperCase()}${data.detail.slice(1)}.${where}` : "";
  showMessage(id, `${data?.title ?? "The request failed"} (${data?.code ?? status})`, { detail, bad: true, action });
}

const hide = (...ids) => {
  for (const id of ids) byId(id).hidden = true;
};

// -------------------------------------------------------------------------------------------------------- session

async function start() {
  const { status, data } = await send("GET", "/session");
  if (status === 401) return signOut(); // a cookie of an earlier run: its key is gone
  if (data.user) return signedIn(data.user);
  byId("users").replaceChildren(
    ...data.users.map((user) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", onclick: on(() => signIn(user.userId)) },
          el("strong", {}, user.name),
          el("span", {}, user.role === "admin" ? "administrator" : "member"),
        ),
      ),
    ),
  );
  byId("signin").hidden = false;
}

async function signIn(userId) {
  const { ok, data } = await send("POST", "/signin", { body: JSON.stringify({ userId }) });
  if (ok) await signedIn(data);
}

async function signedIn(user) {
  state.user = user;
  hide("signin");
  byId("who-name").textContent = user.name;
  byId("who").hidden = false;
  byId("app").hidden = false;
  await openTab(location.hash.slice(1));
}

async function signOut() {
  await fetch("/signout", { method: "POST" });
  history.replaceState(null, "", location.pathname);
  location.reload();
}

// ----------------------------------------------------------------------------------------------------------- tabs

const tabs = { own: loadOwn, admin: loadUsers, activity: loadActivity };

async function openTab(wanted) {
  const name = wanted in tabs ? wanted : "own";
  for (const each of Object.keys(tabs)) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(`panel-${each}`).hidden = each !== name;
  }
  history.replaceState(null, "", `#${name}`);
  await tabs[name]();
}

async function moveTab(event) {
  const names = Object.keys(tabs);
  const at = names.findIndex((name) => event.target.id === `tab-${name}`);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const name = names[(next + names.length) % names.length];
  byId(`tab-${name}`).focus();
  await openTab(name);
}

// ---------------------------------------------------------------------------------------------------- my metadata

const modes = {
  shallow: {
    method: "PATCH",
    type: "application/json",
    help: "Each key you name is replaced whole, null removes it, all other keys stay.",
  },
  deep: {
    method: "PATCH",
    type: "application/merge-patch+json",
    help: "Objects are merged at every depth, null removes a key, arrays are replaced whole.",
  },
  replace: {
    method: "PUT",
    type: "application/json",
    help: "What you write becomes the whole scope; whatever you leave out is gone.",
  },
};
const examples = {
  shallow: { notifications: { sms: true }, todos: null },
  deep: { preferences: { language: "en" }, notifications: { email: null } },
};
const mode = () => byId("own-form").elements.mode.value;

async function loadOwn() {
  hide("own-message");
  const answer = await send("GET", own);
  if (!answer.ok) return showProblem("own-message", answer);
  showOwn(answer);
  if (byId("own-text").value === "") suggest();
}

function showOwn({ data, etag }) {
  state.own = { data, etag };
  byId("own-public").textContent = pretty(data.public);
  byId("own-unsafe").textContent = pretty(data.unsafe);
  byId("own-version").textContent = `version ${data.version}, ETag ${etag}`;
}

/** Puts something into the editor that shows what the chosen mode does. */
function suggest() {
  byId("mode-help").textContent = modes[mode()].help;
  byId("own-text").value = pretty(examples[mode()] ?? state.own.data.unsafe);
}

async function saveOwn(event) {
  event.preventDefault();
  const { method, type } = modes[mode()];
  // The text goes out as it was typed: the server judges duplicate keys and large numbers, too.
  const body = `{"unsafe":${byId("own-text").value}}`;
  await writeOwn(method, { body, type, headers: { "if-match": state.own.etag } });
}

async function writeOwn(method, options) {
  const before = state.own.data.version;
  const answer = await send(method, own, options);
  if (answer.status === 412) {
    const reload = el("button", { type: "button", onclick: on(loadOwn) }, "Load the new version");
    const title = "Not saved: another device has written since you loaded this (412)";
    const detail = "Nothing is lost: what you typed is still in the editor. Load the new version, then save again.";
    return showMessage("own-message", title, { detail, bad: true, action: reload });
  }
  if (!answer.ok) return showProblem("own-message", answer);
  showOwn(answer);
  const changed = answer.data.version !== before;
  showMessage("own-message", changed ? `Saved as version ${answer.data.version}` : "Nothing to change: same version");
}

async function clearOwn() {
  await writeOwn("DELETE", { headers: { "if-match": state.own.etag } });
}

/** A write that this page takes no notice of, as if it came from the user's telephone. */
async function writeElsewhere() {
  const unsafe = { lastSeen: new Date().toISOString() };
  const answer = await send("PATCH", own, { body: JSON.stringify({ unsafe }) });
  if (!answer.ok) return showProblem("own-message", answer);
  const detail = "This page still shows the version before. Save now, and the server refuses with 412.";
  showMessage("own-message", `Another device wrote version ${answer.data.version}`, { detail });
}

async function callHandler(event) {
  const [method, path] = event.currentTarget.dataset.call.split(" ");
  const answer = await send(method, path);
  if (!answer.ok) return showProblem("handler-message", answer);
  showMessage("handler-message", `${method} ${path} answers`, { detail: JSON.stringify(answer.data) });
}

// ---------------------------------------------------------------------------------------------------------- admin

const scopes = ["public", "private", "unsafe"];

async function loadUsers() {
  hide("admin-message");
  const plan = byId("plan").value;
  const where = plan ? `?where=${encodeURIComponent(JSON.stringify({ "public.plan": plan }))}` : "";
  const answer = await send("GET", `${adminUsers}${where}`);
  byId("admin").hidden = !answer.ok;
  if (answer.status === 403) {
    const detail = `${state.user.name} is a member. Sign out, and come back as Ada Lovelace.`;
    return showMessage("admin-message", "Only administrators may look here (admin_forbidden)", { detail, bad: true });
  }
  if (!answer.ok) return showProblem("admin-message", answer);
  const none = el("li", { className: "hint" }, "Nobody.");
  byId("admin-users").replaceChildren(...(answer.data.users.length > 0 ? answer.data.users.map(userItem) : [none]));
}

function userItem({ userId, public: { plan = "no plan" }, version }) {
  const button = el(
    "button",
    { type: "button", onclick: on(() => loadRecord(userId)) },
    userId,
    el("span", {}, `${typeof plan === "string" ? plan : JSON.stringify(plan)}, version ${version}`),
  );
  button.dataset.user = userId;
  button.setAttribute("aria-pressed", String(userId === state.record?.userId));
  return el("li", {}, button);
}

const recordPath = (userId) => `${adminUsers}/${encodeURIComponent(userId)}`;

async function loadRecord(userId) {
  hide("record-message");
  const answer = await send("GET", `${recordPath(userId)}/metadata`);
  if (!answer.ok) return showProblem("admin-message", answer);
  showRecord(answer.data);
  await loadHistory();
}

function showRecord(record) {
  state.record = record;
  byId("admin-user").textContent = record.userId;
  byId("admin-version").textContent = `version ${record.version}, ETag ${record.etag}`;
  for (const scope of scopes) {
    const text = pretty(record[scope]);
    const rows = Math.min(Math.max(text.split("\n").length, 3), 16);
    Object.assign(byId(`admin-${scope}`), { value: text, rows });
  }
  for (const button of byId("admin-users").querySelectorAll("button"))
    button.setAttribute("aria-pressed", String(button.dataset.user === record.userId));
  byId("admin-record").hidden = false;
  byId("admin-log").hidden = false;
}

async function loadHistory() {
  const { ok, data } = await send("GET", `${recordPath(state.record.userId)}/history?limit=20`);
  if (ok) byId("admin-history").replaceChildren(...data.changes.map((change) => logItem(change, true)));
}

async function saveRecord(event) {
  event.preventDefault();
  const changed = scopes.filter((scope) => byId(`admin-${scope}`).value !== pretty(state.record[scope]));
  const members = changed.map((scope) => `"${scope}":${byId(`admin-${scope}`).value}`);
  const reason = byId("admin-reason").value.trim();
  const headers = { "if-match": state.record.etag, ...(reason && { "usermeta-reason": reason }) };
  await writeRecord("PUT", "/metadata", { body: `{${members.join(",")}}`, headers });
}

async function revert(change) {
  await writeRecord("POST", `/history/${encodeURIComponent(change.id)}/revert`);
}

async function writeRecord(method, path, options) {
  const { userId, version } = state.record;
  const answer = await send(method, `${recordPath(userId)}${path}`, options);
  if (answer.status === 412) {
    const reload = el("button", { type: "button", onclick: on(() => loadRecord(userId)) }, "Load the new version");
    const title = "Not saved: the record has changed since you loaded it (412)";
    return showMessage("record-message", title, { detail: "Your text is still here.", bad: true, action: reload });
  }
  if (!answer.ok) return showProblem("record-message", answer);
  byId("admin-reason").value = "";
  const wire = ["wire-request", "wire-status", "wire-answer"].map((id) => [byId(id), byId(id).textContent]);
  showRecord(answer.data);
  await loadUsers();
  await loadHistory();
  for (const [element, text] of wire) element.textContent = text; // the write is what was asked for
  const changed = answer.data.version !== version;
  showMessage(
    "record-message",
    changed ? `Saved as version ${answer.data.version}` : "Nothing to change: same version",
  );
}

// ------------------------------------------------------------------------------------------------------- activity

async function loadActivity() {
  const { ok, data } = await send("GET", "/activity");
  const none = el("li", { className: "hint" }, "Nothing yet. Save something on the first tab.");
  if (ok)
    byId("activity").replaceChildren(
      ...(data.changes.length > 0 ? data.changes.map((change) => logItem(change)) : [none]),
    );
}

const kinds = {
  update: "updated",
  replace: "replaced",
  patch: "patched",
  clear: "cleared",
  import: "imported",
  revert: "reverted",
};

/** One entry of a change log: who, when, and what became of each value. */
function logItem(change, withRevert = false) {
  const { actor, at, kind, reason, version, changes } = change;
  const what = el(
    "span",
    {},
    el("strong", {}, actor),
    ` ${kinds[kind] ?? kind} → version ${version}${reason ? `: “${reason}”` : ""}`,
  );
  const when = el("time", { dateTime: at, title: at }, new Date(at).toLocaleString());
  const button = withRevert ? el("button", { type: "button", onclick: on(() => revert(change)) }, "Revert") : undefined;
  button?.setAttribute("aria-label", `Revert version ${version}`);
  const side = el("span", {}, when, ...(button ? [" ", button] : []));
  return el("li", {}, el("p", {}, what, side), el("ul", {}, ...changes.map(differenceItem)));
}

function differenceItem({ path, from, to, masked }) {
  const item = el("li", {}, `${path} `);
  if (masked) item.append("(masked)");
  if (from !== undefined) item.append(el("del", {}, JSON.stringify(from)), to === undefined ? " removed" : " → ");
  if (to !== undefined) item.append(el("ins", {}, JSON.stringify(to)));
  return item;
}

// --------------------------------------------------------------------------------------------------------- wiring

byId("signout").addEventListener("click", on(signOut));
for (const name of Object.keys(tabs)) {
  byId(`tab-${name}`).addEventListener(
    "click",
    on(() => openTab(name)),
  );
  byId(`tab-${name}`).addEventListener("keydown", on(moveTab));
}
byId("own-form").addEventListener("submit", on(saveOwn));
byId("own-form").addEventListener("change", ({ target }) => target.name === "mode" && suggest());
byId("own-clear").addEventListener("click", on(clearOwn));
byId("own-reload").addEventListener("click", on(loadOwn));
byId("own-elsewhere").addEventListener("click", on(writeElsewhere));
for (const button of document.querySelectorAll("[data-call]")) button.addEventListener("click", on(callHandler));
byId("plan").addEventListener("change", on(loadUsers));
byId("admin-form").addEventListener("submit", on(saveRecord));
on(start)();
