export { emptyResponse, header, jsonResponse } from "../http.ts";
export { clearEdit } from "../metadata/edit.ts";
export { countCodePoints, isObject, stringify } from "../metadata/json.ts";
export { mergeEdit } from "../metadata/merge.ts";
export { parseJson } from "../metadata/scanner.ts";
export { toJson, toObject } from "../metadata/value.ts";
export { checkMediaType, discard, readValue } from "./body.ts";
export { keyring } from "./keyring.ts";
export { type Cors, createRoutes, type Route, type Target } from "./router.ts";
