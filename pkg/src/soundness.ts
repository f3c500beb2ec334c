/** Which snapshots in the store a load could use: what maintenance counts on. The twin of src/store/soundness.rs. */
import type { Connection } from './connection.js';
import type { Settings } from './definition.js';
import { describe, SnapshotError } from './error.js';
import { anchorLike, Pages, type Row } from './events.js';
import { openPayload } from './frame.js';
import type { Header } from './head.js';
import { boundsFact, expected, openSnapshot } from './load.js';
import { keys, next, slotOf, type LoadFact, type LoadRequest, type Slot } from './plans.js';
import { toCore, type Position } from './position.js';
import { isBytes } from './value/bytes.js';

/** Where snapshots of a definition lie. */
export function ownSlot({ version, fold }: Pick<Settings<never, never, never>, 'version' | 'fold'>): Slot {
  return fold?.digest ?? version;
}

/** Whether a load would use it, if it had the slot to itself and the log still has its anchor. */
export async function isSound<State, Event, P extends Position>(
  connection: Connection<State, Event, P>,
  streamId: string,
  slot: Slot,
  key: string,
  position: bigint,
): Promise<boolean> {
  const { settings } = connection;
  const header = await soundHeader(connection, streamId, slot, key, position);
  if (header === undefined) return false;
  const at = settings.positions.parse(position, 'position of a key');
  const row = await rowAt(connection, streamId, at);
  if (row === undefined) return false;
  const anchor = header.anchor === undefined ? {} : { anchor: header.anchor };
  const facts: LoadFact[] = [{ listed: { keys: [key] } }, { opened: { eventCount: Number(header.eventCount), ...anchor } }];
  const request = requestOf(connection, streamId, slot, at);
  for (;;) {
    const { step } = next(request, facts);
    switch (step.do) {
      case 'use':
        return true;
      case 'fail':
        throw new SnapshotError(step.error.code, step.error.message);
      case 'read':
        facts.push({ firstRow: { row: { position: toCore(at), anchor: anchorLike(header.anchor, row) } } });
        break;
      case 'bounds':
        facts.push((await boundsFact(connection, streamId, step.through)) as LoadFact);
        break;
      default:
        return false;
    }
  }
}

/** For a load of what lies in that slot at a position. */
function requestOf<State, Event, P extends Position>(
  { settings, events }: Connection<State, Event, P>,
  streamId: string,
  slot: Slot,
  at: P,
): LoadRequest {
  const { name, version, sequence, firstPosition, lateArrivals } = settings;
  return {
    name,
    streamId,
    ...(isBytes(slot) ? { version, foldDigest: slot } : { version: slot }),
    sequence: sequence === 'sparse' ? sequence : { contiguous: { firstPosition } },
    at,
    useSnapshots: true,
    hasBounds: events.bounds !== undefined,
    lateArrivals: lateArrivals === 'possible',
  };
}

async function rowAt<State, Event, P extends Position>(
  { settings, events }: Connection<State, Event, P>,
  streamId: string,
  from: P,
): Promise<Row<Event, P> | undefined> {
  const pages = new Pages(events, streamId, { from, pageSize: 1, positions: settings.positions, sequence: settings.sequence });
  try {
    const [row] = await pages.next();
    return row?.position === from ? row : undefined;
  } finally {
    await pages.close();
  }
}

/** Undefined if nothing sound lies there; in the own slot also if it is no valid state. */
export async function soundHeader<State, Event, P extends Position>(
  connection: Connection<State, Event, P>,
  streamId: string,
  slot: Slot,
  key: string,
  position: number | bigint,
): Promise<Header | undefined> {
  const { settings } = connection;
  const bytes = await stored(connection, (store) => store.get(key, settings.snapshotTimeout));
  if (bytes === undefined) return undefined;
  const { version: _version, foldDigest: _digest, ...expect } = expected(settings, streamId, position);
  try {
    if (slot === ownSlot(settings)) return openSnapshot(settings, streamId, position, bytes).header;
    return openPayload(bytes, { ...expect, ...slotOf(slot) }).header;
  } catch (error) {
    if (SnapshotError.is(error)) return undefined;
    throw error;
  }
}

/** Of the sound ones among these snapshots of the own slot. */
export async function headsOf<State, Event, P extends Position>(
  connection: Connection<State, Event, P>,
  streamId: string,
  among: readonly string[],
): Promise<{ readonly key: string; readonly takenAt?: number }[]> {
  const heads = [];
  for (const key of among) {
    const position = keys.positionOf(key);
    const header = position === undefined ? undefined : await soundHeader(connection, streamId, ownSlot(connection.settings), key, position);
    if (header !== undefined) heads.push({ key, ...(header.takenAt === undefined ? {} : { takenAt: header.takenAt }) });
  }
  return heads;
}

/** What the store answers; `storeFailed` if it throws. */
export async function stored<State, Event, P extends Position, T>(
  { store }: Connection<State, Event, P>,
  work: (store: Connection<State, Event, P>['store']) => Promise<T>,
): Promise<T> {
  try {
    return await work(store);
  } catch (error) {
    throw SnapshotError.is(error) ? error : new SnapshotError('storeFailed', describe(error), { cause: error });
  }
}
