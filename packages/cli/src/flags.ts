/** The flags that name a Sealed Secrets controller and the kubeconfig of its cluster. */
export const controllerFlags = [
  {
    name: 'controller-name',
    type: 'string',
    value: 'NAME',
    description: 'Service of the controller (sealed-secrets-controller)',
  },
  {
    name: 'controller-namespace',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of the controller (kube-system)',
  },
  { name: 'kubeconfig', type: 'string', value: 'FILE', description: 'kubeconfig of the cluster' },
] as const

const contextFlag = [
  { name: 'context', type: 'string', value: 'NAME', description: 'context of the kubeconfig' },
] as const

/** {@link controllerFlags}, and the one context that a command works in. */
export const clusterFlags: readonly [...typeof controllerFlags, ...typeof contextFlag] = [
  ...controllerFlags,
  ...contextFlag,
]

/** The flag that names the age keys of a command that decrypts SOPS files. */
export const identityFlag = [
  {
    name: 'identity',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'decrypt with the age keys in FILE (where sops looks for them)',
  },
] as const

/** The flags that say where the results of a command on many files go. */
export const resultFlags = [
  { name: 'in-place', short: 'i', type: 'boolean', description: 'replace each file by the result' },
  { name: 'output', short: 'o', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
  {
    name: 'output-dir',
    type: 'string',
    value: 'DIRECTORY',
    description: 'write each file to its place below DIRECTORY',
  },
  {
    name: 'keep-going',
    type: 'boolean',
    description: 'write the files that succeeded where others failed (all or none)',
  },
] as const
