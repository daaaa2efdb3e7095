import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  type Documents,
  type HttpRequest,
  type HttpResponse,
  type StoredRecord,
  type UserMeta,
  UserMetaError,
} from "@usermeta/core";
import { isObject, jsonResponse, parseJson, readValue, stringify } from "@usermeta/core/routes";
import { parseQuery } from "../query.ts";
import { write } from "../write.ts";
import { patchEdit } from "./edit.ts";
import { profileText } from "./view.ts";

const lifetimeMs = 24 * 60 * 60 * 1000;
const maxBodyBytes = 2 ** 16;

/** Hanko's errors of flows (`flowpilot/errors.go`, `flow/shared/errors.go`). */
const errors = {
  unauthorized: [401, "The session is invalid."],
  operation_not_permitted_error: [403, "The operation is not permitted."],
  flow_expired_error: [410, "The flow has expired."],
  form_data_invalid_error: [400, "Form data invalid."],
  technical_error: [500, "Something went wrong."],
} as const;

/**
 * Hanko's Profile flow with its one action about metadata, `patch_metadata`, which patches `unsafe`. A flow keeps no
 * state: its id holds the time it began, and its CSRF token is a MAC of the id and the user.
 *
 * @param secret what CSRF tokens are made with; the same in every process that answers
 */
export function profileFlow(
  meta: Pick<UserMeta<Documents>, "verifySession" | "records">,
  secret: string | Uint8Array,
): (request: HttpRequest) => Promise<HttpResponse> {
  const { records } = meta;
  const tokenOf = (flowId: string, userId: string): string =>
    createHmac("sha256", secret).update(`hanko profile flow\0${flowId}\0${userId}`).digest("base64url");

  /** The state `profile_init`, after an error of the input or without one. */
  function show(record: StoredRecord, flowId: string, isInvalid = false): HttpResponse {
    const invalid = { error: { code: "invalid_metadata_error", message: "The metadata is invalid." } };
    const input = { name: "patch_metadata", type: "json", required: true, hidden: false, ...(isInvalid && invalid) };
    const action = {
      href: `/profile?action=${encodeURIComponent(`patch_metadata@${flowId}`)}`,
      inputs: { patch_metadata: input },
      action: "patch_metadata",
      description: "Patch the (unsafe) metadata of the user",
    };
    const [status, message] = isInvalid ? errors.form_data_invalid_error : ([200, ""] as const);
    const rest = stringify({
      csrf_token: tokenOf(flowId, record.userId),
      actions: { patch_metadata: action },
      ...(isInvalid && { error: { code: "form_data_invalid_error", message } }),
      links: null,
    });
    const head = `"name":"profile_init","status":${status},"payload":{"user":${profileText(record)}}`;
    return jsonResponse(status, `{${head},${rest.slice(1)}`);
  }

  return async (request) => {
    try {
      const { userId } = await sessionOf(meta, request);
      const [, action] = parseQuery(request.url.split(/\?(.*)/s)[1] ?? "").find(([name]) => name === "action") ?? [];
      if (!action) return show(await records.read(userId), newFlowId());
      const [, flowId] = /^patch_metadata@([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(action) ?? [];
      const input = await readValue(request, maxBodyBytes);
      const token = isObject(input) ? input["csrf_token"] : undefined;
      if (flowId === undefined || !isSame(token, tokenOf(flowId, userId)))
        return refuse("operation_not_permitted_error");
      if (Date.now() - startOf(flowId) > lifetimeMs) return refuse("flow_expired_error");
      const data = (input as { readonly input_data?: unknown }).input_data;
      try {
        const unsafe = toPatch(isObject(data) ? data["patch_metadata"] : undefined);
        const edit = patchEdit({ unsafe }, records.limits.depth);
        return show(await write(records, userId, edit, `user:${userId}`), flowId);
      } catch (error) {
        if (!(error instanceof UserMetaError) || error.status >= 500) throw error;
        return show(await records.read(userId), flowId, true);
      }
    } catch (error) {
      return refuseFor(error);
    }
  };
}

/** The session of a request, whose user is whose metadata it is. */
const sessionOf = async (
  meta: Pick<UserMeta<Documents>, "verifySession">,
  request: HttpRequest,
): Promise<{ readonly userId: string }> => {
  const session = await meta.verifySession(request, { sessionRequired: true });
  return session as NonNullable<typeof session>;
};

/** An object, `null`, or either as text: the openapi document says the one, the code takes the other. */
function toPatch(value: unknown): unknown {
  const patch = typeof value === "string" ? parseJson(value, true) : value;
  if (patch === null || isObject(patch)) return patch;
  throw new UserMetaError("not_an_object", "patch metadata must be an object or null");
}

function refuse(code: keyof typeof errors, status: number = errors[code][0]): HttpResponse {
  const error = { code, message: errors[code][1] };
  return jsonResponse(
    status,
    JSON.stringify({ name: "error", status, csrf_token: "", actions: {}, error, links: null }),
  );
}

/** The flow's answer to an error of ours; rethrows others. */
function refuseFor(error: unknown): HttpResponse {
  if (!(error instanceof UserMetaError)) throw error;
  if (error.status === 401) return refuse("unauthorized");
  if (error.code === "origin_forbidden") return refuse("operation_not_permitted_error");
  return error.status < 500 ? refuse("form_data_invalid_error", error.status) : refuse("technical_error", error.status);
}

/** A UUID of version 7 (RFC 9562 section 5.7): it begins with the time in milliseconds. */
function newFlowId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const startOf = (flowId: string): number => Number.parseInt(flowId.replace("-", "").slice(0, 12), 16);

function isSame(given: unknown, expected: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
