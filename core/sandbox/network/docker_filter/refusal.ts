/** The filter says no; the message goes to the sandbox as the Engine's errors do. */
export class Refusal extends Error {
  constructor(message: string, readonly status = 403) {
    super(message);
  }
}
