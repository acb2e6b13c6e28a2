/** Waits for an event, but not for ever; a rejection is an event as well. */
export async function waitAtMost(ms: number, event: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([event, promise]).catch(() => {});
  clearTimeout(timer);
}
