import { StrictMode, version } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { App, type AppProps } from "./app.tsx";

// What the server has rendered, if it has.
document.documentElement.dataset["react"] = version;
const root = document.getElementById("root") as HTMLElement;
const props = JSON.parse(document.getElementById("props")?.textContent ?? "{}") as AppProps & { strict?: boolean };
const app = props.strict ? (
  <StrictMode>
    <App {...props} />
  </StrictMode>
) : (
  <App {...props} />
);
if (root.hasChildNodes()) hydrateRoot(root, app);
else createRoot(root).render(app);
