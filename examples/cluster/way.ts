// The way from one replica to another, which is cut as a network is: nothing comes through any more, and nobody is told. Each
// replica dials its peers through ways of its own, so that they can be cut one by one, and in one direction.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `far` is undefined until it is first connected. */
interface Connection {
  near: Socket;
  far: Socket | undefined;
}

export class Way {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #cuts = 0;
  /** Where the replica at its end listens; undefined while it does not run. */
  port: number | undefined;

  static async open(): Promise<Way> {
    const way = new Way();
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  private constructor() {
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (near) => {
      const connection: Connection = { near, far: undefined };
      this.#connections.add(connection);
      near.on('error', () => {}); // it closes then
      near.on('close', () => this.#end(connection));
      if (this.#cuts === 0) this.#join(connection);
    });
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Until what it returns is called; several cuts may overlap. What is under way is held back meanwhile, as TCP does. */
  cut(): () => void {
    this.#cuts++;
    for (const { near, far } of this.#connections) {
      for (const socket of [near, far]) socket?.unpipe().pause();
    }
    return () => {
      if (--this.#cuts === 0) for (const connection of this.#connections) this.#join(connection);
    };
  }

  close(): void {
    this.#server.close();
    for (const connection of this.#connections) this.#end(connection);
  }

  #join(connection: Connection): void {
    connection.far ??= this.#dial(connection);
    const { near, far } = connection;
    if (far === undefined) {
      this.#end(connection); // nobody listens
      return;
    }
    near.pipe(far);
    far.pipe(near);
  }

  #dial(connection: Connection): Socket | undefined {
    if (this.port === undefined) return undefined;
    const far = connect({ host: '127.0.0.1', port: this.port, noDelay: true });
    far.on('error', () => {});
    far.on('close', () => this.#end(connection));
    return far;
  }

  #end(connection: Connection): void {
    this.#connections.delete(connection);
    connection.near.destroy();
    connection.far?.destroy();
  }
}
