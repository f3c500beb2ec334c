/** What a repository works with, for what else is done with its streams. Not exported by the package. */
import type { LoadContext } from './load.js';
import type { Position } from './position.js';
import type { Snapshotter } from './snapshotter.js';

export interface Connection<State, Event, P extends Position> extends LoadContext<State, Event, P> {
  readonly snapshotter: Pick<Snapshotter<State, Event, P>, 'streams' | 'remembered'>;
}

const connections = new WeakMap<object, unknown>();

export function connect<State, Event, P extends Position>(repository: object, connection: Connection<State, Event, P>): void {
  connections.set(repository, connection);
}

/** Undefined for anything that is no repository. */
export function connectionOf<State, Event, P extends Position>(repository: object): Connection<State, Event, P> | undefined {
  return connections.get(repository) as Connection<State, Event, P> | undefined;
}
