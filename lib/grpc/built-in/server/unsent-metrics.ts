import type { ServerCallInterface } from '../../grpc-types.js';

type MetricsRecorder = ReturnType<ServerCallInterface['getMetricsRecorder']>;

/**
 * Takes metrics of a call, which are sent only by servers with `grpc.server_call_metric_recording`; those
 * are left to grpc-js.
 */
class UnsentMetrics {
  recordRequestCostMetric(): void {}
  recordUtilizationMetric(): void {}
  recordNamedMetric(): void {}
  recordCPUUtilizationMetric(): void {}
  recordMemoryUtilizationMetric(): void {}
  recordApplicationUtilizationMetric(): void {}
  recordQpsMetric(): void {}
  recordEpsMetric(): void {}
  serialize(): Buffer {
    return Buffer.alloc(0);
  }
}

export const unsentMetrics = new UnsentMetrics() as unknown as MetricsRecorder;
