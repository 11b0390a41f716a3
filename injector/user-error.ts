/** A failure that the user can resolve: the message names cause and place, `remedy` the next step. */
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
