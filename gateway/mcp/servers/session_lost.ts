/** The server does not know the session (any more). The request was not worked on: it may be sent in a new one. */
export class SessionLost extends Error {
  override name = "SessionLost";
}
