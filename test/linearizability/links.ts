// The ways between the replicas of a cluster: a TCP proxy for each of the two directions between two of them, so that a way can
// be cut, and healed. What is under way when it is cut comes when it is healed, or never, as TCP would have it.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';

interface Link {
  from: number;
  to: number;
  server: Server;
  sockets: Set<Socket>;
  isCut: boolean;
}

export class Links implements AsyncDisposable {
  readonly #links: Link[] = [];

  /** Opens the way from `from` to `to`, which listens on `port` of this machine. Gives the port at which it begins. */
  async open(from: number, to: number, port: number): Promise<number> {
    const server = createServer((socket) => join(link, socket, port)).listen(0, '127.0.0.1');
    const link: Link = { from, to, server, sockets: new Set(), isCut: false };
    this.#links.push(link);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Nothing goes from `from` to `to` any more, and what `to` answers does not come back. Nobody is told. */
  cut(from: number, to: number): void {
    for (const link of this.#links) {
      if (link.from !== from || link.to !== to) continue;
      link.isCut = true;
      for (const socket of link.sockets) socket.pause();
    }
  }

  healAll(): void {
    for (const link of this.#links) {
      link.isCut = false;
      for (const socket of link.sockets) socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server, sockets } of this.#links) {
      server.close();
      for (const socket of sockets) socket.destroy();
    }
  }
}

function join(link: Link, incoming: Socket, port: number): void {
  const outgoing = new Socket().connect(port, '127.0.0.1');
  carry(link, incoming, outgoing);
  carry(link, outgoing, incoming);
}

function carry(link: Link, from: Socket, to: Socket): void {
  link.sockets.add(from);
  from.setNoDelay(true);
  from.on('data', (bytes) => {
    if (to.write(bytes)) return;
    from.pause();
    to.once('drain', () => link.isCut || from.resume());
  });
  from.on('end', () => to.end());
  from.on('error', () => {}); // what follows is its end
  from.on('close', () => {
    link.sockets.delete(from);
    to.destroy();
  });
  if (link.isCut) from.pause();
}
