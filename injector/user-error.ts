/** A failure that a person can mend: what is wrong and where, and what to do about it. */
export class UserError extends Error {
  /** A sentence with the remedy. */
  readonly remedy: string;
  /** Exit status of the command. */
  readonly status: number;
  constructor(message: string, remedy: string, status = 1) {
    super(message);
    this.name = 'UserError';
    this.remedy = remedy;
    this.status = status;
  }
}
