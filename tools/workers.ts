/**
 * Work on all cores: a program's own file again as worker threads, each of which takes the next task
 * when it has answered the last.
 * @module
 */
import { Worker } from 'node:worker_threads'

/** Hands tasks to workers that run `program`; `heard` gets each result. */
export async function share<Task, Done>(
  program: URL,
  tasks: readonly Task[],
  workers: number,
  heard: (done: Done) => void
): Promise<void> {
  const queue = tasks.values()
  const lane = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program)
      const next = (): void => {
        const task = queue.next()
        if (task.done === true) void worker.terminate().then(() => resolve())
        else worker.postMessage(task.value)
      }
      worker.on('message', (done: Done) => {
        heard(done)
        next()
      })
      worker.on('error', reject)
      next()
    })
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, lane))
}
