import { invalidConfig, UserMetaError } from "@usermeta/core";
import {
  AbortError,
  ClientClosedError,
  ClientOfflineError,
  ErrorReply,
  MaxCommandRedirectionsError,
  RootNodesUnavailableError,
  TimeoutError,
} from "redis";

/** What Redis answers when it cannot serve just now; the command was not carried out. */
const passing = [
  "BUSY",
  "CLUSTERDOWN",
  "LOADING",
  "MASTERDOWN",
  "MISCONF",
  "NOREPLICAS",
  "OOM",
  "READONLY",
  "TRYAGAIN",
  "UNBLOCKED",
];
/** What Redis answers to a user who lacks a right. */
const forbidden = ["NOAUTH", "NOPERM", "WRONGPASS"];
/** What a server of a cluster answers to a client that knows of no cluster. */
const elsewhere = ["ASK", "CROSSSLOT", "MOVED"];

/** What node-redis says of commands that it never sent. */
const unsent = [
  AbortError,
  ClientClosedError,
  ClientOfflineError,
  MaxCommandRedirectionsError,
  RootNodesUnavailableError,
  TimeoutError,
];

/** What an error answer begins with, e.g. `"NOSCRIPT"`. Redis 6 puts the one of a script's command in the middle. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof ErrorReply)) return undefined;
  if (error.message.startsWith("ERR The user executing the script can't")) return "NOPERM";
  return (/^ERR Error running script.* -([A-Z]+) /.exec(error.message) ?? /^([A-Z]+) /.exec(error.message))?.[1];
}

/** Whether the command certainly was not carried out. When a connection breaks, that is not known. */
export function isUndone(error: unknown): boolean {
  return (
    error instanceof ErrorReply ||
    error instanceof UserMetaError ||
    error instanceof TypeError ||
    unsent.some((kind) => error instanceof kind) ||
    (error instanceof Error && error.message === "The queue is full")
  );
}

/** The error of the port that stands for one of node-redis. One that would be a bug is given back as it is. */
export function toStoreError(error: unknown, lastOfConnection: unknown): unknown {
  if (error instanceof UserMetaError || error instanceof TypeError) return error;
  if (!(error instanceof ErrorReply)) {
    const cause = error instanceof ClientOfflineError ? (lastOfConnection ?? error) : error;
    const message =
      error instanceof ClientClosedError
        ? "the Redis client is not open: connect() it, and close it after the store"
        : "Redis cannot be reached, or did not answer in time; nothing was written";
    return new UserMetaError("store_unavailable", message, { cause });
  }
  const code = codeOf(error) ?? "";
  if (passing.includes(code))
    return new UserMetaError("store_unavailable", "Redis cannot serve now; nothing was written", { cause: error });
  if (forbidden.includes(code))
    return invalidConfig("the Redis user lacks a right: grant what the README of @usermeta/redis lists", error);
  if (elsewhere.includes(code))
    return invalidConfig("this Redis server is part of a cluster: pass a client of createCluster()", error);
  return error;
}
