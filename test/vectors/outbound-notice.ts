/** What a process that imports `outbound.ts` writes to standard error whenever it opens a connection. */
export const outboundNotice = "usermeta-test: outbound connection";
