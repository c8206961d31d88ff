import { type ClusterObject, type Condition, findCondition } from '@sealkit/kubernetes'
import type { Gauge } from 'prom-client'

/** External Secrets' gauge of conditions: one series for each status, of which one is 1. */
export type ConditionGauge = Gauge<'name' | 'namespace' | 'condition' | 'status'>

/** The Ready condition of an object; undefined where nobody has looked at it yet. */
export function readyCondition(object: ClusterObject): Condition | undefined {
  const { conditions } = (object['status'] ?? {}) as { readonly conditions?: readonly Condition[] }
  return findCondition(conditions, 'Ready')
}

/** Whether an object's status says that it is ready. */
export function isReady(object: ClusterObject): boolean {
  return readyCondition(object)?.status === 'True'
}

/** Says in a gauge whether an object is ready. */
export function observeReady(gauge: ConditionGauge, object: ClusterObject, ready: boolean): void {
  gauge.set({ ...labelsOf(object), status: 'True' }, ready ? 1 : 0)
  gauge.set({ ...labelsOf(object), status: 'False' }, ready ? 0 : 1)
}

/** Takes an object that is gone out of a gauge. */
export function forgetReady(gauge: ConditionGauge, object: ClusterObject): void {
  for (const status of ['True', 'False']) gauge.remove({ ...labelsOf(object), status })
}

function labelsOf({ metadata: { name, namespace = '' } }: ClusterObject) {
  return { name, namespace, condition: 'Ready' }
}
