/** Pages of the cache: shared while sequences are alike, copied before they differ, never lost. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { PageTable } from "../../../../inference/engines/webgpu/execution/page_table.ts";
import { pagePositions as page } from "../../../../inference/engines/webgpu/kernels/attention.ts";

const table = (pages = 8, sequences = 3, contextTokens = 4 * page) =>
  new PageTable({ sequences, contextTokens, pages });

const overflow = (error: unknown) => error instanceof SkiffError && error.code === "context_overflow";

Deno.test("positions get cells one after another, pages when they begin", () => {
  const pages = table();
  const { cells } = pages.grow([{ sequence: 1, length: page + 2 }]).get(1)!;
  assert.equal(cells.length, page + 2);
  assert.deepEqual([...cells.slice(0, 3)], [cells[0], cells[0] + 1, cells[0] + 2]);
  assert.equal(pages.freePages, 6);
  assert.deepEqual(pages.takeChanged(), [1]);
  assert.equal(pages.grow([{ sequence: 1, length: page + 3 }]).get(1)!.cells.length, 1);
  assert.deepEqual(pages.takeChanged(), []);
});

Deno.test("a request that does not fit leaves everything as it was", () => {
  const pages = table(3);
  assert.throws(
    () => pages.grow([{ sequence: 0, length: 2 * page }, { sequence: 1, length: 2 * page }]),
    overflow,
  );
  assert.equal(pages.freePages, 3);
  assert.equal(pages.length(0), 0);
  assert.throws(() => pages.grow([{ sequence: 0, length: 4 * page + 1 }]), overflow);
});

Deno.test("a shared page is copied by whoever writes to it first, whole pages never", () => {
  const pages = table();
  pages.grow([{ sequence: 0, length: page + 5 }]);
  pages.share(0, 1, page + 3);
  assert.equal(pages.length(1), page + 3);
  assert.equal(pages.freePages, 6);
  const grown = pages.grow([{ sequence: 1, length: page + 4 }]).get(1)!;
  assert.equal(grown.copies.length, 1);
  assert.equal(pages.freePages, 5);
  assert.deepEqual(pages.grow([{ sequence: 0, length: page + 6 }]).get(0)!.copies, [], "it is alone again");
  pages.share(0, 2, page);
  assert.deepEqual(pages.grow([{ sequence: 2, length: page + 1 }]).get(2)!.copies, []);
});

Deno.test("all pages come back when all sequences are gone", () => {
  const pages = table();
  pages.grow([{ sequence: 0, length: 3 * page }]);
  pages.share(0, 1, 2 * page + 1);
  pages.grow([{ sequence: 1, length: 2 * page + 2 }]);
  pages.truncate(0, 10);
  pages.share(1, 0, 5);
  for (const sequence of [0, 1, 2]) pages.truncate(sequence, 0);
  assert.equal(pages.freePages, 8);
});
