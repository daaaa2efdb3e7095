// Imported by a host process before everything else, so that no connection it opens stays unseen.
import { Socket } from "node:net";
import { outboundNotice } from "./outbound-notice.ts";

// oxlint-disable-next-line typescript/unbound-method -- the proxy passes its socket on
Socket.prototype.connect = new Proxy(Socket.prototype.connect, {
  apply(connect, socket, args) {
    process.stderr.write(`${outboundNotice}\n`);
    return Reflect.apply(connect, socket, args) as Socket;
  },
});
