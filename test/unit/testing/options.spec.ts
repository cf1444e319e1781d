import { describe, expect, it } from 'vitest';
import { Module } from '@nestjs/common';
import { OptionError } from 'nestjs-backchannel';
import {
  createTestPair,
  TestClient,
  TestRegistry,
  type TestPairOptions,
} from 'nestjs-backchannel/testing';

@Module({})
class AppModule {}

const sides = { listening: AppModule, dialing: AppModule };

describe('options of doubles', () => {
  it.each<[object, string]>([
    [
      { ...sides, deadlinMs: 5 },
      'createTestPair: unknown option "deadlinMs": did you mean "deadlineMs"?',
    ],
    [{ listening: AppModule }, 'createTestPair needs the option "dialing"'],
    [{ ...sides, deadlineMs: '5' }, '"deadlineMs" must be a whole number of milliseconds'],
    [{ ...sides, network: {} }, '"network" must be a MemoryNetwork'],
    [{ ...sides, createApp: true }, '"createApp" must be a function'],
    [{ ...sides, hybridOptions: true }, '"hybridOptions" must be an object'],
  ])('createTestPair(%j) rejects', async (options, problem) => {
    const pair = createTestPair(options as TestPairOptions);
    await expect(pair).rejects.toThrow(OptionError);
    await expect(pair).rejects.toThrow(problem);
  });

  it.each<[object, string]>([
    [{ service: {} }, 'TestClient: unknown option "service": did you mean "services"?'],
    [{ services: { Hub: undefined } }, '"services" must be an object with a stub for each service'],
    [{ connection: 'ready' }, '"connection" must be an object whose "state" is one of idle'],
    [{ connection: { state: 'redy' } }, '"connection" must be an object whose "state" is one of'],
  ])('new TestClient(%j) throws', (options, problem) => {
    const create = (): TestClient => new TestClient(options as object);
    expect(create).toThrow(OptionError);
    expect(create).toThrow(problem);
  });

  it.each<[object, string]>([
    [{ nam: 'box' }, 'TestRegistry.connect: unknown option "nam": did you mean "name"?'],
    [{ name: 7 }, '"name" must be a string'],
    [{ certificate: 'CN=box' }, '"certificate" must be an object'],
    [{ services: [] }, '"services" must be'],
  ])('TestRegistry.connect(%j) throws, and nobody comes', (options, problem) => {
    const registry = new TestRegistry();
    expect(() => registry.connect(options)).toThrow(OptionError);
    expect(() => registry.connect(options)).toThrow(problem);
    expect([...registry]).toEqual([]);
  });
});
