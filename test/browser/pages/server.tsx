import { renderToString } from "react-dom/server";
import { App, type AppProps } from "./app.tsx";

/** The page's HTML, as a server renders it. */
export const render = (props: AppProps): string => renderToString(<App {...props} />);
