/**
 * The history phase of a stream that was created with an id: from its start until HistoryDone.
 *
 * HistoryDone is sent once, after the core's replay and, for a mixed stream, after that of the system's stream: a
 * program takes it as the end of both.
 */
export class History {
  #replaying = false;
  #doneDue: boolean;
  #systemDoneDue: boolean;

  /** @param requested the stream was created with an id @param mixed a stream of the system replays too */
  constructor(requested: boolean, mixed: boolean) {
    this.#doneDue = requested;
    this.#systemDoneDue = requested && mixed;
  }

  /** The core's replay is under way: after a restart too. */
  get replaying(): boolean {
    return this.#replaying;
  }

  /** Events of the core wait for the end of a replay. */
  get holdsEvents(): boolean {
    return this.#replaying || this.#systemDoneDue;
  }

  replayStarts(): void {
    this.#replaying = true;
  }

  replayEnds(): void {
    this.#replaying = false;
  }

  /** The system's stream has sent its HistoryDone. */
  systemDone(): void {
    this.#systemDoneDue = false;
  }

  /** @returns true once, when both replays are complete: HistoryDone is to be sent */
  takeDone(): boolean {
    if (!this.#doneDue || this.holdsEvents) return false;
    this.#doneDue = false;
    return true;
  }
}
