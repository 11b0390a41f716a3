/** The sockets of a host: accepts connections, waits for their Hello, and passes their bytes on. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { MAX_REQUEST, REQUEST } from '../../core/protocol.ts';
import { FrameError, FrameSplitter } from './wire/frame-splitter.ts';
import { RequestFrame } from './wire/request-frame.ts';

/** A connection after its Hello. */
export interface Peer {
  /** @throws FrameError: the connection must be closed */
  receive(chunk: Buffer): void;
  /** The socket has closed. */
  end(): void;
}

/** @throws FrameError when the peer is refused */
export type Greet = (socket: Socket, q: RequestFrame) => Peer;

/** A connection without Hello is closed after this. */
const HELLO_TIMEOUT_MS = 5_000;
/** At the end of the host, queued replies may take this long to leave. */
const END_TIMEOUT_MS = 500;

export class SocketListener {
  readonly #greet: Greet;
  readonly #log: Logger;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(greet: Greet, log: Logger) {
    this.#greet = greet;
    this.#log = log;
  }

  /** @throws the system's error */
  async listen(address: string): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
    this.#servers.push(server);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let peer: Peer | undefined;
    const greeting = new FrameSplitter(REQUEST.size, MAX_REQUEST);
    // After a stall of this process the timer fires before the socket is read: setImmediate lets the read go first.
    const timeout = setTimeout(
      () => setImmediate(() => peer ?? this.#cut(socket, 'it sent no Hello')),
      HELLO_TIMEOUT_MS,
    );
    socket.on('data', (chunk) => {
      try {
        if (peer) return peer.receive(chunk);
        // Bytes after Hello in the same chunk are the peer's already.
        greeting.push(chunk, (frame) => {
          if (peer) return peer.receive(frame);
          peer = this.#greet(socket, new RequestFrame(frame));
          clearTimeout(timeout);
        });
      } catch (error) {
        if (!(error instanceof FrameError)) this.#log.error({ err: error }, 'a connection failed');
        this.#cut(socket, (error as Error).message);
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(timeout);
      this.#sockets.delete(socket);
      try {
        peer?.end();
      } catch (error) {
        this.#log.error({ err: error }, "a connection's end failed");
      }
      peer = undefined;
    });
  }

  #cut(socket: Socket, reason: string): void {
    this.#log.warn({ reason }, 'connection closed');
    socket.destroy();
  }

  /** Resolves when every connection has ended. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    // A server is closed before the 'close' handlers of its sockets have run.
    const ended = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of this.#sockets) socket.end();
    const timeout = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, END_TIMEOUT_MS);
    await Promise.all([...closed, ...ended]);
    clearTimeout(timeout);
  }
}
