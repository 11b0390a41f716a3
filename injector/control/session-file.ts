/** The file in the run directory by which commands find a session and prove that they may enter it. */

export interface SessionFile {
  readonly name: string;
  /** The host's. */
  readonly pid: number;
  readonly socket: string;
  /** Path of the session's object directory. */
  readonly objects: string;
  readonly mounts: readonly string[];
  /** Path of the gate's library. */
  readonly gate: string;
  /** Hexadecimal. */
  readonly token: string;
}

/** @param socket the session's socket, beside which the file lies */
export const sessionFilePath = (socket: string): string => socket.replace(/\.sock$/, '.json');
