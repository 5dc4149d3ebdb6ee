/** Opens a stream of batches in the way that suits it. */

import { Dataset } from '../data/dataset.js'
import type { SourceLike } from '../data/source.js'
import { BlockFeed } from './block-feed.js'
import type { ClassWeight } from './data-types.js'
import type { Feed } from './feed.js'
import { StreamFeed } from './stream-feed.js'

/** The feed of a data set whose elements come many at a time takes many; of anything else it goes batch by batch. */
export function openFeed(where: string, source: SourceLike<unknown>, steps?: number, classWeight?: ClassWeight): Feed {
  if (!(source instanceof Dataset)) return new StreamFeed(where, source, steps, classWeight)
  const Feed = source.flow.isWide === true ? BlockFeed : StreamFeed
  return new Feed(where, source, steps, classWeight)
}
