import { ControllerError } from '../error.ts'
import type { Flag, FlagValues } from '../flags.ts'
import type { SopsSecretSettings } from '../settings.ts'
import type { MacPolicy } from './decrypt.ts'

const policies: readonly MacPolicy[] = ['required', 'attempted']

/** The flags of SopsSecrets. */
export const flags: readonly Flag[] = [
  {
    name: 'sops-keys',
    type: 'text',
    default: '',
    usage:
      'file of rules: which keys decrypt SopsSecrets of which namespaces; without it each uses its own labelled Secrets',
  },
  {
    name: 'sops-mac',
    type: 'text',
    default: 'required',
    usage: 'required: refuse SopsSecrets whose MAC cannot be verified; attempted: say so in a condition',
  },
  {
    name: 'default-enforce-ownership',
    type: 'flag',
    default: 'false',
    usage: 'let SopsSecrets take over Secrets that are there already, where they do not say',
  },
]

/**
 * The settings that the flags stand for.
 *
 * @throws {ControllerError} `CONTROLLER_USAGE`
 */
export function sopsSecretSettings(
  values: FlagValues,
): Pick<SopsSecretSettings, 'rulesFile' | 'mac' | 'enforceOwnership'> {
  const mac = policies.find((policy) => policy === values.text('sops-mac'))
  if (mac === undefined) {
    throw new ControllerError('CONTROLLER_USAGE', '--sops-mac is neither required nor attempted')
  }
  return { rulesFile: values.text('sops-keys'), mac, enforceOwnership: values.flag('default-enforce-ownership') }
}
