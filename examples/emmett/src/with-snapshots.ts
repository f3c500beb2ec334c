/** Snapshots for Emmett: an event store that loads streams of one kind from a snapshot and the tail behind it. */
import {
  assertExpectedVersionMatchesCurrent,
  type AggregateStreamOptions,
  type AggregateStreamResult,
  type CommandHandlerOptions,
  type Event,
  type EventStore,
  type EventStoreSession,
} from '@event-driven-io/emmett';
import type { EventSource, Handle, Repository } from 'snapfold';

/** What `CommandHandler` is given to fold with. */
type Folding<State, E extends Event> = Pick<CommandHandlerOptions<State, E>, 'evolve' | 'schema'>;

/** Emmett's streams as snapfold reads them: positions are bigints, and the id of a message tells one history from another. */
export function eventsOf<E extends Event>(
  eventStore: EventStore,
  schema?: Folding<unknown, E>['schema'],
): EventSource<E, bigint> {
  return {
    history: 'complete', // Emmett deletes no events: while the snapshot store is away, a stream without any is a new one
    async *read(streamName, { from }) {
      // In memory Emmett reads what comes after `from`, on Postgres from there on: so one earlier, and only what was asked for.
      const { events } = await eventStore.readStream<E>(streamName, { from: from > 0n ? from - 1n : 0n, ...(schema && { schema }) });
      for (const event of events) {
        const { streamPosition: position, messageId: id } = event.metadata;
        if (position >= from) yield { position, id, event };
      }
    },
  };
}

/**
 * The same store, with snapshots for whoever folds with the very `evolve` and `schema` of `folding`, which `repo` folds with, too; anything
 * else reads its events as before. A snapshot is of the state that a command began with: its events have their ids. So it needs no further
 * read, and does not come between reading and appending.
 */
export function withSnapshots<Store extends EventStore, State, E extends Event>(
  eventStore: Store,
  repo: Repository<State, E, bigint>,
  folding: Folding<State, E>,
): Store {
  /** One for each session, which knows what its command has loaded. */
  const session = (): Store => {
    let loaded: Handle<State, bigint> | undefined;
    const snapshotted = {
      async aggregateStream<S, T extends Event>(
        streamName: string,
        options: AggregateStreamOptions<S, T>,
      ): Promise<AggregateStreamResult<S>> {
        const { from, to, maxCount, schema, expectedStreamVersion } = options.read ?? {};
        const whole = from === undefined && to === undefined && maxCount === undefined;
        const same = (options.evolve as unknown) === folding.evolve && (schema as unknown) === folding.schema;
        if (!whole || !same) return eventStore.aggregateStream(streamName, options);
        loaded = await repo.load(streamName);
        const currentStreamVersion = loaded.position ?? 0n;
        assertExpectedVersionMatchesCurrent(currentStreamVersion, expectedStreamVersion, 0n);
        return { state: loaded.state as unknown as S, currentStreamVersion, streamExists: loaded.position !== null };
      },
      async appendToStream(...append: Parameters<EventStore['appendToStream']>) {
        const result = await eventStore.appendToStream(...append);
        if (loaded?.streamId === append[0]) await repo.maybeSnapshot(loaded); // never throws
        return result;
      },
      /** Without a connection of its own: while commands held all of a pool, none could read the stream of its own through it. */
      withSession: <T>(callback: (session: EventStoreSession<Store>) => Promise<T>) =>
        callback({ eventStore: session(), close: async () => {} }),
    };
    return Object.assign(Object.create(eventStore), snapshotted) as Store;
  };
  return session();
}
