import { describe, expect, it } from 'vitest'
import { Bell, type Process, Processes, ticks, wait } from '../../../sim/model/process.ts'
import { Wheel } from '../../../sim/model/wheel.ts'

const start = () => {
  const wheel = new Wheel()
  return { wheel, processes: new Processes(wheel, 0) }
}

describe('Processes', () => {
  it('lets time pass between steps', () => {
    const { wheel, processes } = start()
    const seen: number[] = []
    function* act(): Process {
      seen.push(processes.nowTick)
      yield* processes.sleep(ticks(10))
      seen.push(processes.nowTick)
      yield* processes.sleepUntil(ticks(25))
      seen.push(processes.nowTick)
    }

    processes.start(act())
    wheel.run(ticks(100))

    expect(seen).toEqual([0, ticks(10), ticks(25)])
  })

  it('goes on with all results, in their order, when the last has come', () => {
    const { wheel, processes } = start()
    function* later(ms: number): Process<number> {
      yield* processes.sleep(ticks(ms))
      return ms
    }
    const ended: [number, readonly number[]][] = []

    processes.start(processes.all([later(30), later(10), later(20)]), (results) =>
      ended.push([processes.nowTick, results])
    )
    wheel.run(ticks(100))

    expect(ended).toEqual([[ticks(30), [30, 10, 20]]])
  })

  it('goes on at once with what was there already, however much it is', () => {
    const { processes } = start()
    let sum = 0
    function* many(): Process {
      for (let i = 0; i < 100_000; i++) sum += yield* wait<number>((resume) => resume(1))
    }

    processes.start(many())

    expect(sum).toBe(100_000)
  })

  it('hears of one thing once', () => {
    const { wheel, processes } = start()
    let steps = 0
    function* act(): Process {
      yield* wait<void>((resume) => {
        processes.at(1, () => resume())
        processes.at(2, () => resume())
      })
      steps++
      yield* processes.sleep(ticks(1))
      steps++
    }

    processes.start(act())
    wheel.run(3)

    expect(steps).toBe(1)
  })

  it('wakes all who wait for a bell, each once', () => {
    const { processes } = start()
    const bell = new Bell()
    let heard = 0
    function* act(): Process {
      yield* bell.heard()
      heard++
    }
    processes.start(act())
    processes.start(act())

    bell.ring()
    bell.ring()

    expect(heard).toBe(2)
  })
})
