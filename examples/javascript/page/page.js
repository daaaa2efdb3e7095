import { createClient } from "/client.js";

const client = createClient({ url: "/usermeta" }); // the session is a cookie
const [status, visits] = ["status", "visits"].map((id) => document.getElementById(id));
const { signup, settings } = document.forms;

/** Shows what is known now: at once after a write, and whenever another tab or the server has changed it. */
function show() {
  const metadata = client.current();
  const error = client.error();
  status.textContent = error ? error.detail : metadata ? `${metadata.userId}, plan ${metadata.public.plan}` : "Loading";
  if (!metadata) return;
  const { birthday, newsletter, visits: count } = metadata.unsafe;
  signup.hidden = birthday !== undefined;
  settings.hidden = birthday === undefined;
  settings.birthday.value = birthday ?? "";
  settings.newsletter.checked = newsletter ?? false;
  visits.value = count ?? 0;
}
client.subscribe(show);

signup.onsubmit = async (event) => {
  event.preventDefault();
  // Written once; whoever has signed up before is told so.
  await client.signUp({ unsafe: { birthday: signup.birthday.value } }).catch(tell);
};
settings.onsubmit = async (event) => {
  event.preventDefault();
  const { birthday, newsletter } = settings;
  await client.update({ unsafe: { birthday: birthday.value, newsletter: newsletter.checked } }).catch(tell);
};

const tell = ({ code, detail }) => {
  status.textContent = `${detail} (${code})`;
};

// A function of what is there now: of tabs that count at the same time, none is lost.
const { unsafe } = await client.get();
if (unsafe.birthday !== undefined)
  await client.update((current) => ({ unsafe: { visits: (current.unsafe.visits ?? 0) + 1 } }));
