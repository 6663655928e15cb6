/**
 * Where the two engines meet: each is loaded by its name, when it is wanted, and neither knows of the
 * other.
 * @module
 */
import type { Engine, EngineName } from './engine.ts'

export async function loadEngine(name: EngineName): Promise<Engine> {
  switch (name) {
    case 'live':
      return (await import('./live/engine.ts')).liveEngine
    case 'model':
      return (await import('./model/engine.ts')).modelEngine
  }
}
