import { render } from "preact";
import { App } from "./app.tsx";
import { hasEdits } from "./drafts.ts";
import "./style.css";

addEventListener("beforeunload", (event) => {
  if (hasEdits()) event.preventDefault(); // the browser asks whether to leave
});
render(<App />, document.body);
