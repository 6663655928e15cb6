/**
 * Where the two engines meet: each is loaded by its name, when it is wanted, and neither knows of the
 * other.
 * @module
 */
import type { Engine, EngineName } from './engine.ts'

export async function loadEngine(name: EngineName): Promise<Engine> {
  const module = await import(new URL(`./${name}/engine.ts`, import.meta.url).href)
  return (name === 'live' ? module.liveEngine : module.modelEngine) as Engine
}
