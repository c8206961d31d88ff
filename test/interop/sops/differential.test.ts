import assert from 'node:assert/strict'
import { test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { fixtures, textOf } from './fixtures.ts'
import { type Case, type Outcome, runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')

/** Variables that stand for flags: the kinds of key, the key services, the order, the configuration. */
function environment([first = '', second = '']: readonly string[]): Record<string, Case> {
  const encrypt = (env: Readonly<Record<string, string>>, ...flags: readonly string[]): Case => ({
    args: ['encrypt', ...flags, 'plain.json'],
    env,
  })
  const decrypt = (env: Readonly<Record<string, string>>, ...flags: readonly string[]): Case => ({
    args: ['decrypt', ...flags, 'enc.json'],
    env,
  })
  const lines: Record<string, Case> = {
    SOPS_AGE_RECIPIENTS: encrypt({ SOPS_AGE_RECIPIENTS: `${first},${second}` }),
    'SOPS_AGE_RECIPIENTS and the flag': encrypt({ SOPS_AGE_RECIPIENTS: second }, '--age', first),
    'SOPS_AGE_RECIPIENTS in the old form': { args: ['-e', 'plain.json'], env: { SOPS_AGE_RECIPIENTS: first } },
    SOPS_PGP_FP: encrypt({ SOPS_PGP_FP: 'ABCD', SOPS_GPG_EXEC: 'no-such-gpg' }),
    SOPS_KMS_ARN: encrypt({ SOPS_KMS_ARN: 'nonsense' }),
    SOPS_VAULT_URIS: encrypt({ SOPS_VAULT_URIS: 'nonsense' }),
    SOPS_AZURE_KEYVAULT_URLS: encrypt({ SOPS_AZURE_KEYVAULT_URLS: 'nonsense' }),
    SOPS_HUAWEICLOUD_KMS_IDS: encrypt({ SOPS_HUAWEICLOUD_KMS_IDS: 'nonsense' }),
    'SOPS_HC_VAULT_ALLOWLIST with none': encrypt({
      SOPS_VAULT_URIS: 'http://127.0.0.1:9/v1/transit/keys/k',
      SOPS_HC_VAULT_ALLOWLIST: 'none',
    }),
    SOPS_DECRYPTION_ORDER: decrypt({ SOPS_DECRYPTION_ORDER: 'age,age' }),
    'SOPS_DECRYPTION_ORDER and the flag': decrypt({ SOPS_DECRYPTION_ORDER: 'age,age' }, '--decryption-order', 'age'),
    SOPS_ENABLE_LOCAL_KEYSERVICE: decrypt({ SOPS_ENABLE_LOCAL_KEYSERVICE: 'false' }),
    'SOPS_ENABLE_LOCAL_KEYSERVICE that is no boolean': decrypt({ SOPS_ENABLE_LOCAL_KEYSERVICE: 'maybe' }),
    'SOPS_CONFIG that is not there': decrypt({ SOPS_CONFIG: 'nope.yaml' }),
    'SOPS_CONFIG and the flag': { args: ['--config', 'x.yaml', 'decrypt', 'enc.json'], env: { SOPS_CONFIG: 'y.yaml' } },
    'SOPS_DISABLE_VERSION_CHECK that is no boolean': { args: ['--version'], env: { SOPS_DISABLE_VERSION_CHECK: 'x' } },
    'SOPS_EDITOR before EDITOR': {
      args: ['edit', 'enc.json'],
      env: { SOPS_EDITOR: "sed -i 's/1.5/2.5/'", EDITOR: 'false' },
    },
    'SOPS_AGE_SSH_PRIVATE_KEY_FILE that is not there': decrypt({
      SOPS_AGE_KEY_FILE: '',
      SOPS_AGE_SSH_PRIVATE_KEY_FILE: '/nowhere/key',
    }),
    'SOPS_AGE_SSH_PRIVATE_KEY_CMD that fails': decrypt({
      SOPS_AGE_KEY_FILE: '',
      SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'false',
    }),
    'SOPS_KEYSERVICE that is no address': decrypt({ SOPS_KEYSERVICE: 'a b' }),
  }
  return Object.fromEntries(Object.entries(lines).map(([name, line]) => [`environment: ${name}`, line]))
}

/** Help: of every command, of the groups, and where it is asked for in vain. */
function help(): Record<string, Case> {
  const lines = [
    ...commands.map((name) => `${name} --help`),
    ...[
      'decrypt -h',
      'groups',
      'groups -h',
      'groups x',
      'groups help',
      'groups h add',
      'groups help nope',
      'groups -x',
    ],
    ...['completion', 'completion help zsh', 'completion fish', 'completion -x', 'help groups', 'help groups add'],
    ...['help decrypt', 'h set', 'help nope', 'help help', 'groups add -x', 'completion bash -x', 'publish --nope'],
  ]
  return Object.fromEntries(lines.map((line) => [`help: ${line}`, { args: line.split(' ') }]))
}

const commands = [
  ...['decrypt', 'encrypt', 'rotate', 'edit', 'set', 'unset', 'updatekeys', 'filestatus', 'keyservice', 'publish'],
  ...['exec-env', 'exec-file', 'groups add', 'groups delete', 'completion bash', 'completion zsh'],
]

/** The scripts for shells, and what they ask for. */
function completion(): Record<string, Case> {
  const words = [
    ...['', '-', '--', '--de', '-d', 'd', '--nope', '--nope decrypt', 'help', 'help -', 'help d', '--age x decrypt'],
    ...commands.flatMap((name) => [name, `${name} -`, `${name} --o`, `${name} x`]),
    ...['groups', 'groups -', 'groups --', 'groups nope', 'groups help', 'completion', 'completion -', '-d -'],
    ...['decrypt --output', 'decrypt --output-type json --', 'encrypt -a x -', 'decrypt x --i'],
  ]
  const asked = words.map((line): [string, Case] => [
    `completion: ${line}`,
    { args: [...line.split(' ').filter((word) => word !== ''), '--generate-bash-completion'] },
  ])
  const zsh = ['', 'groups', '--a'].map((line): [string, Case] => [
    `completion in zsh: ${line}`,
    {
      args: [...line.split(' ').filter((word) => word !== ''), '--generate-bash-completion'],
      env: { _CLI_ZSH_AUTOCOMPLETE_HACK: '1' },
    },
  ])
  return {
    ...Object.fromEntries([...asked, ...zsh]),
    'the script for bash': { args: ['completion', 'bash'] },
    'the script for zsh': { args: ['completion', 'zsh'] },
    'completion flag that is not last': { args: ['decrypt', '--generate-bash-completion', 'x'] },
  }
}

/** Command lines whose outcome is the real program's: both outputs, exit code and files, once ciphertexts are masked. */
function same(
  files: Readonly<Record<string, string | Uint8Array>>,
  recipients: readonly string[],
): Record<string, Case> {
  const [first = '', second = ''] = recipients
  const age = ['--age', first]
  const text = (name: string): string => textOf(files, name)
  const rules = (...creation: readonly string[]): string =>
    `creation_rules:\n${creation.map((rule) => `  - ${rule.replaceAll('\n', '\n    ')}\n`).join('')}`
  const config = (...creation: readonly string[]): { files: { '.sops.yaml': string } } => ({
    files: { '.sops.yaml': rules(...creation) },
  })
  return {
    // Decryption, by sub-command and in the old form.
    'decrypt yaml': { args: ['decrypt', 'enc.yaml'] },
    'decrypt json': { args: ['decrypt', 'enc.json'] },
    'decrypt dotenv': { args: ['decrypt', 'enc.env'] },
    'decrypt binary': { args: ['decrypt', 'enc.bin'] },
    'decrypt two documents': { args: ['decrypt', 'two.enc.yaml'] },
    'decrypt with encrypted_regex': { args: ['decrypt', 'regex.enc.yaml'] },
    'decrypt with encrypted_suffix': { args: ['decrypt', 'suffix.enc.yaml'] },
    'decrypt, second recipient held': { args: ['decrypt', 'both.enc.yaml'] },
    '-d yaml': { args: ['-d', 'enc.yaml'] },
    '--decrypt json': { args: ['--decrypt', 'enc.json'] },
    '-decrypt with one dash': { args: ['-decrypt', 'enc.json'] },
    '-d yaml as json': { args: ['-d', '--output-type', 'json', 'enc.yaml'] },
    'json as yaml': { args: ['decrypt', '--output-type', 'yaml', 'enc.json'] },
    'dotenv as json': { args: ['decrypt', '--output-type', 'json', 'enc.env'] },
    'dotenv as yaml': { args: ['decrypt', '--output-type', 'yaml', 'enc.env'] },
    'yaml as dotenv fails on nesting': { args: ['decrypt', '--output-type', 'dotenv', 'enc.yaml'] },
    'yaml as binary fails': { args: ['decrypt', '--output-type', 'binary', 'enc.yaml'] },
    'two documents as json keep the first': { args: ['decrypt', '--output-type', 'json', 'two.enc.yaml'] },
    'unknown output type falls back to the name': { args: ['decrypt', '--output-type', 'env', 'enc.yaml'] },
    'yaml file read as json fails': { args: ['decrypt', '--input-type', 'json', 'enc.yaml'] },
    'decrypt standard input as yaml': {
      args: ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'],
      stdin: text('enc.yaml'),
    },
    'decrypt standard input, name given': {
      args: ['decrypt', '--filename-override', 'x.json'],
      stdin: text('enc.json'),
    },
    'decrypt in place': { args: ['decrypt', '-i', 'enc.yaml'] },
    'decrypt in place, old form': { args: ['-d', '-i', 'enc.json'] },
    'decrypt into an existing file': { args: ['decrypt', '--output', 'plain.json', 'enc.json'] },
    'flags behind the file': { args: ['decrypt', 'enc.yaml', '--output-type', 'json'] },
    'flags behind the file in the old form are ignored': { args: ['-d', 'enc.yaml', '--output-type', 'json'] },
    'two files, the first counts': { args: ['decrypt', 'enc.yaml', 'enc.json'] },
    '= for values': { args: ['decrypt', '--output-type=json', '--ignore-mac=true', 'enc.yaml'] },
    '-- ends flags': { args: ['decrypt', '--', 'enc.yaml'] },
    // --extract
    'extract a string': { args: ['decrypt', '--extract', '["str"]', 'enc.yaml'] },
    'extract with single quotes': { args: ['decrypt', '--extract', "['map']['b']", 'enc.yaml'] },
    'extract an integer': { args: ['decrypt', '--extract', '["int"]', 'enc.yaml'] },
    'extract a float': { args: ['decrypt', '--extract', '["float"]', 'enc.yaml'] },
    'extract a boolean': { args: ['decrypt', '--extract', '["bool"]', 'enc.yaml'] },
    'extract a time': { args: ['decrypt', '--extract', '["time"]', 'enc.yaml'] },
    'extract a null': { args: ['decrypt', '--extract', '["nothing"]', 'enc.yaml'] },
    'extract a mapping': { args: ['decrypt', '--extract', '["map"]', 'enc.yaml'] },
    'extract a list': { args: ['decrypt', '--extract', '["map"]["deep"]["c"]', 'enc.yaml'] },
    'extract a list item': { args: ['decrypt', '--extract', '["map"]["deep"]["c"][1]', 'enc.yaml'] },
    'extract a block text': { args: ['decrypt', '--extract', '["multi"]', 'enc.yaml'] },
    'extract from json': { args: ['decrypt', '--extract', '["a"]["z"]', 'enc.json'] },
    'extract as json': { args: ['decrypt', '--extract', '["map"]', '--output-type', 'json', 'enc.yaml'] },
    'extract from dotenv': { args: ['decrypt', '--extract', '["MULTI"]', 'enc.env'] },
    'recipient with a bad checksum': { args: ['encrypt', '--age', `${first.slice(0, -1)}x`, 'plain.yaml'] },
    'recipient too short': { args: ['encrypt', '--age', 'age1abc', 'plain.yaml'] },
    'extract from binary': { args: ['decrypt', '--extract', '["data"]', 'enc.bin'] },
    'extract nothing': { args: ['decrypt', '--extract', '["nope"]', 'enc.yaml'] },
    'extract past the end': { args: ['decrypt', '--extract', '["map"]["deep"]["c"][9]', 'enc.yaml'] },
    'extract a position of a text': { args: ['decrypt', '--extract', '["str"][0]', 'enc.yaml'] },
    'extract without bracket': { args: ['decrypt', '--extract', '["str"', 'enc.yaml'] },
    'extract with a number out of range': {
      args: ['decrypt', '--extract', '["list"][9223372036854775808]', 'enc.yaml'],
    },
    'extract with a bad number': { args: ['decrypt', '--extract', '[x]', 'enc.yaml'] },
    'extract an empty path is the whole file': { args: ['decrypt', '--extract', '', 'enc.yaml'] },
    // Failing decryption
    'no such file': { args: ['decrypt', 'nope.yaml'] },
    'no such file, old form': { args: ['-d', 'nope.yaml'] },
    'no file, old form': { args: ['-d'] },
    'a plain file': { args: ['decrypt', 'plain.yaml'] },
    'a plain json file': { args: ['decrypt', 'plain.json'] },
    'a plain binary file': { args: ['decrypt', 'plain.bin'] },
    'a directory': { args: ['decrypt', 'dir.yaml'], files: { 'dir.yaml/x': '' } },
    'in place and output': { args: ['decrypt', '-i', '--output', 'x', 'enc.yaml'] },
    'in place of standard input': { args: ['decrypt', '-i'], stdin: '' },
    'output that is no folder': { args: ['decrypt', '--output', 'nope/', 'enc.yaml'] },
    'output that cannot be written': { args: ['decrypt', '--output', 'nope/x', 'enc.yaml'] },
    'changed value': {
      args: ['decrypt', 'enc.yaml'],
      files: {
        'enc.yaml': text('enc.yaml').replace(
          /(str: ENC\[AES256_GCM,data:)(.)/,
          (_, head: string, byte: string) => head + (byte === 'A' ? 'B' : 'A'),
        ),
      },
    },
    'changed clear value': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace('visible', 'changed') },
    },
    'changed clear value, mac ignored': {
      args: ['decrypt', '--ignore-mac', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace('visible', 'changed') },
    },
    'renamed key': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace('\nstr:', '\nstring:') },
    },
    'plain value in an encrypted place': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/str: ENC.*/, 'str: hunter2') },
    },
    'number in an encrypted place': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/str: ENC.*/, 'str: 5') },
    },
    'plain comment in an encrypted place': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': `# plain\n${text('enc.yaml')}` },
    },
    'no mac': { args: ['decrypt', 'enc.yaml'], files: { 'enc.yaml': text('enc.yaml').replace(/ {4}mac: .*\n/, '') } },
    'mac of another file': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/mac: .*/, /mac: .*/.exec(text('regex.enc.yaml'))?.[0] ?? '') },
    },
    'lastmodified changed': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/lastmodified: .*/, 'lastmodified: "2020-01-01T00:00:00Z"') },
    },
    'lastmodified not quoted': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/lastmodified: .*/, 'lastmodified: 2020-01-01T00:00:00Z') },
    },
    ...Object.fromEntries(
      [
        ...[
          '2020-01-01 00:00:00',
          '1577836800',
          '2020',
          '2020-13-01T00:00:00Z',
          '2020-00-01T00:00:00Z',
          '2020-02-30T00:00:00Z',
        ],
        ...[
          '2020-01-01T24:00:00Z',
          '2020-01-01T00:60:00Z',
          '2020-01-01T00:00:60.5Z',
          '2020-01-01T00:00:00',
          'today é\\n',
        ],
        ...['2020-01-01T00:00:00Z x', '2020-01-01T00:00:00+0100', '2020-01-32T00:00:00Z', '20-01-01T00:00:00Z', ''],
      ].map((time) => [
        `lastmodified: ${time}`,
        {
          args: ['decrypt', 'enc.yaml'],
          files: { 'enc.yaml': text('enc.yaml').replace(/lastmodified: .*/, `lastmodified: "${time}"`) },
        },
      ]),
    ),
    'dotenv with Windows line breaks': {
      args: ['decrypt', 'enc.env'],
      files: { 'enc.env': text('enc.env').replaceAll('\n', '\r\n') },
    },
    'no lastmodified': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/ {4}lastmodified: .*\n/, '') },
    },
    'no version': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/ {4}version: .*\n/, '') },
    },
    'bad version': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/version: .*/, 'version: abc') },
    },
    'version of two parts': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/version: .*/, 'version: "3.9"') },
    },
    'newer version': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace(/version: .*/, 'version: 9.0.0') },
    },
    'no keys': {
      args: ['decrypt', 'enc.json'],
      files: { 'enc.json': text('enc.json').replace(/"age": \[[^\]]*\],/, '') },
    },
    ...Object.fromEntries(
      [
        ...['lastmodified: []', 'mac: {}', 'version: []', 'unencrypted_suffix: []', 'mac_only_encrypted: x'],
        ...['shamir_threshold: x', 'shamir_threshold: "0x1"', 'shamir_threshold: "99999999999999999999"'],
        ...['1: 2', 'unknown: [{true: 1}]', '[a]: b', '{a: 1}: b'],
      ].map((line) => {
        const others = text('enc.yaml').replace(
          new RegExp(`^    ${line.replace(/:.*/, '').replace(/\W/g, '.')}: .*\\n`, 'm'),
          '',
        )
        return [
          `metadata of a wrong type: ${line}`,
          { args: ['decrypt', 'enc.yaml'], files: { 'enc.yaml': `${others}    ${line}\n` } },
        ]
      }),
    ),
    'two rules': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': `${text('enc.yaml')}    encrypted_suffix: x\n` },
    },
    'two sops blocks': {
      args: ['decrypt', 'enc.json'],
      files: { 'enc.json': text('enc.json').replace('{', '{"sops": {},') },
    },
    'an empty sops block in json': { args: ['decrypt', 'x.json'], files: { 'x.json': '{"sops":{}}' } },
    'an empty sops block in yaml': { args: ['decrypt', 'x.yaml'], files: { 'x.yaml': 'sops: {}\n' } },
    'an empty sops block in ini': { args: ['decrypt', 'x.ini'], files: { 'x.ini': '[s]\na = 1\n[sops]\n' } },
    'two documents as ini': { args: ['decrypt', '--output-type', 'ini', 'two.enc.yaml'] },
    'sops is no mapping': { args: ['decrypt', 'x.yaml'], files: { 'x.yaml': 'a: 1\nsops: x\n' } },
    'metadata keys in capitals': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': text('enc.yaml').replace('    mac:', '    MAC:') },
    },
    'unknown metadata': {
      args: ['decrypt', 'enc.yaml'],
      files: { 'enc.yaml': `${text('enc.yaml')}    future: [1]\n` },
    },
    'broken yaml': { args: ['decrypt', 'x.yaml'], files: { 'x.yaml': 'a: [\n' } },
    'broken json': { args: ['decrypt', 'x.json'], files: { 'x.json': '{"a" 1}' } },
    'empty json': { args: ['decrypt', 'x.json'], files: { 'x.json': '' } },
    'nobody holds the key': { args: ['decrypt', 'other.enc.yaml'] },
    'SOPS_AGE_KEY_FILE that is empty': {
      args: ['decrypt', 'other.enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '$EMPTY' },
    },
    'no keys at all': { args: ['decrypt', 'enc.yaml'], env: { SOPS_AGE_KEY_FILE: '' } },
    'key file that does not exist': { args: ['decrypt', 'enc.yaml'], env: { SOPS_AGE_KEY_FILE: '/nowhere/keys.txt' } },
    'key in the environment': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY: /AGE-SECRET-KEY-1\w+/.exec(text('keys.txt'))?.[0] ?? '' },
    },
    'two keys in the environment': {
      args: ['decrypt', 'both.enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY: (text('keys.txt').match(/AGE-SECRET-KEY-1\w+/g) ?? []).join(' ') },
    },
    'no key in the environment': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY: 'nonsense' },
    },
    'key from a command': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: "cat 'keys.txt'" },
    },
    'key command that fails': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: 'false' },
    },
    'keys.txt of the user': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '' },
      files: { '.config/sops/age/keys.txt': text('keys.txt') },
    },
    'keys.txt in XDG_CONFIG_HOME': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', XDG_CONFIG_HOME: '/nowhere' },
    },
    'duplicate decryption order': { args: ['decrypt', '--decryption-order', 'age,age', 'enc.yaml'] },
    'decryption order': { args: ['decrypt', '--decryption-order', 'pgp,age', 'enc.yaml'] },
    // Encryption
    'encrypt yaml': { args: ['encrypt', ...age, 'plain.yaml'] },
    'encrypt json': { args: ['encrypt', ...age, 'plain.json'] },
    'encrypt dotenv': { args: ['encrypt', ...age, 'plain.env'] },
    'encrypt binary': { args: ['encrypt', ...age, 'plain.bin'] },
    'encrypt two documents': { args: ['encrypt', ...age, 'two.yaml'] },
    '-e yaml': { args: ['-e', ...age, 'plain.yaml'] },
    'encrypt for two recipients': { args: ['encrypt', '--age', `${first},${second}`, 'plain.json'] },
    'encrypt with SOPS_AGE_RECIPIENTS': { args: ['encrypt', 'plain.json'], env: { SOPS_AGE_RECIPIENTS: first } },
    'encrypt json as yaml': { args: ['encrypt', ...age, '--output-type', 'yaml', 'plain.json'] },
    'encrypt yaml as json': { args: ['encrypt', ...age, '--output-type', 'json', 'plain.yaml'] },
    'encrypt yaml as binary text': { args: ['encrypt', ...age, '--input-type', 'binary', 'plain.yaml'] },
    'encrypt standard input': { args: ['encrypt', ...age, '--filename-override', 'x.yaml'], stdin: 'a: 1\n' },
    'encrypt in place': { args: ['encrypt', '-i', ...age, 'plain.yaml'] },
    'encrypt into a file': { args: ['encrypt', ...age, '--output', 'out.yaml', 'plain.yaml'] },
    'encrypt with encrypted-suffix': { args: ['encrypt', ...age, '--encrypted-suffix', 'r', 'plain.yaml'] },
    'encrypt with unencrypted-suffix': { args: ['encrypt', ...age, '--unencrypted-suffix', 'ap', 'plain.yaml'] },
    'encrypt with encrypted-regex': { args: ['encrypt', ...age, '--encrypted-regex', '^(?i:STR|map)$', 'plain.yaml'] },
    'encrypt with unencrypted-regex': { args: ['encrypt', ...age, '--unencrypted-regex', '^(str|map)$', 'plain.yaml'] },
    'encrypt with encrypted-comment-regex': {
      args: ['--encrypted-comment-regex', 'inside', '-e', ...age, 'plain.yaml'],
    },
    'encrypt with unencrypted-comment-regex': {
      args: ['--unencrypted-comment-regex', '^ in', '-e', ...age, 'plain.yaml'],
    },
    'encrypt with two rules': {
      args: ['encrypt', ...age, '--encrypted-suffix', 'r', '--encrypted-regex', 'x', 'plain.yaml'],
    },
    'encrypt a binary file with a rule': { args: ['encrypt', ...age, '--encrypted-suffix', 'r', 'plain.bin'] },
    'mac only over encrypted values': {
      args: ['--mac-only-encrypted', 'encrypt', ...age, '--encrypted-regex', '^str$', 'plain.yaml'],
    },
    'indent for json': { args: ['--indent', '2', 'encrypt', ...age, 'plain.json'] },
    'indent 0 for json': { args: ['--indent', '0', 'encrypt', ...age, 'plain.json'] },
    'indent for yaml': { args: ['--indent', '2', 'encrypt', ...age, 'plain.yaml'] },
    'indent below zero': { args: ['--indent', '-1', 'encrypt', ...age, 'plain.yaml'] },
    // Failing encryption
    'no keys and no rules': { args: ['encrypt', 'plain.yaml'] },
    'standard input without a name': { args: ['encrypt', ...age], stdin: 'a: 1' },
    'encrypt in place of standard input': {
      args: ['encrypt', '-i', ...age, '--filename-override', 'x.yaml'],
      stdin: 'a: 1',
    },
    'already encrypted': { args: ['encrypt', ...age, 'enc.yaml'] },
    'already encrypted dotenv': { args: ['encrypt', ...age, 'enc.env'] },
    'sops key in the second document': {
      args: ['encrypt', ...age, 'x.yaml'],
      files: { 'x.yaml': 'a: 1\n---\nsops: 1\n' },
    },
    'empty yaml': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '' } },
    'blank yaml': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '\n' } },
    'broken yaml to encrypt': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': 'a: b: c\n' } },
    'duplicate key': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': 'a: 1\na: 2\n' } },
    'number as a key': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '1: a\n' } },
    'infinite float as a key': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '.inf: a\n' } },
    ...Object.fromEntries(
      ['{[x]: 1}', '{{y: 1.5, x: [true, null, 2020-01-01, "q\\n"]}: 1}', '[{? {1: a} : 1}]', '{{}: 1}'].map((value) => [
        `key that is no scalar: ${value}`,
        { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': `a: ${value}\n` } },
      ]),
    ),
    'tagged mapping as a key': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '? !!set {a}\n: b\n' } },
    'a key tagged as a merge': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '!!merge a: b\n' } },
    'json that is not UTF-8': {
      args: ['encrypt', ...age, '--unencrypted-regex', 'a', 'x.json'],
      files: { 'x.json': Buffer.from('{"a":"\xff\xe2\x98x"}', 'latin1') },
    },
    'dotenv that is not UTF-8, as json': {
      args: ['encrypt', ...age, '--unencrypted-regex', 'A', '--output-type', 'json', 'x.env'],
      files: { 'x.env': Buffer.from('A=\xff\xe2\x98x\n', 'latin1') },
    },
    'empty key as a section of ini': {
      args: ['encrypt', ...age, '--output-type', 'ini', 'x.json'],
      files: { 'x.json': '{"":"a"}' },
    },
    'empty key in a section of ini': {
      args: ['encrypt', ...age, '--output-type', 'ini', 'x.json'],
      files: { 'x.json': '{"s":{"":"a"}}' },
    },
    'unsigned integer': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': 'a: 18446744073709551615\n' } },
    'yaml list': { args: ['encrypt', ...age, 'x.yaml'], files: { 'x.yaml': '- a\n' } },
    'json list': { args: ['encrypt', ...age, 'x.json'], files: { 'x.json': '[1]' } },
    'json text': { args: ['encrypt', ...age, 'x.json'], files: { 'x.json': '"a"' } },
    'json with an infinite number': { args: ['encrypt', ...age, 'x.json'], files: { 'x.json': '{"a":1E400}' } },
    'dotenv without =': { args: ['encrypt', ...age, 'x.env'], files: { 'x.env': 'A=1\nnonsense\n' } },
    'nested yaml as dotenv': {
      args: ['encrypt', ...age, '--output-type', 'dotenv', 'x.yaml'],
      files: { 'x.yaml': 'a: {b: c}\n' },
    },
    'recipient that is none': { args: ['encrypt', '--age', 'nonsense', 'plain.yaml'] },
    // .sops.yaml
    'rule without path': { args: ['encrypt', 'plain.yaml'], ...config(`age: ${first}`) },
    ...Object.fromEntries(
      ['yes', 'On', 'n', '"yes"', 'true', 'null'].map((word) => [
        `rule with mac_only_encrypted: ${word}`,
        { args: ['encrypt', 'plain.json'], ...config(`mac_only_encrypted: ${word}\nage: ${first}`) },
      ]),
    ),
    'first matching rule': {
      args: ['encrypt', 'plain.json'],
      ...config('path_regex: \\.yaml$\nage: nonsense', `path_regex: \\.json$\nage: ${first}`),
    },
    'rule with a list of keys': { args: ['encrypt', 'plain.json'], ...config(`age: [${first}, ${second}]`) },
    'rule with commas and blanks': { args: ['encrypt', 'plain.json'], ...config(`age: >-\n  ${first},\n  ${second},`) },
    'rule with one key group': { args: ['encrypt', 'plain.json'], ...config(`key_groups:\n- age: [${first}]`) },
    'rule with two key groups': {
      args: ['encrypt', 'plain.json'],
      ...config(`shamir_threshold: 2\nkey_groups:\n- age: [${first}]\n- age: [${second}]`),
    },
    'rule with groups that merge': {
      args: ['encrypt', 'plain.json'],
      ...config(`key_groups:\n- merge:\n  - age: [${first}]\n  age: [${first}, ${second}]`),
    },
    'rule with encrypted_regex': {
      args: ['encrypt', 'plain.yaml'],
      ...config(`encrypted_regex: ^str$\nmac_only_encrypted: true\nage: ${first}`),
    },
    'rule with two selections': {
      args: ['encrypt', 'plain.yaml'],
      ...config(`encrypted_regex: ^str$\nencrypted_suffix: x\nage: ${first}`),
    },
    'rule overridden by keys': { args: ['encrypt', ...age, 'plain.json'], ...config(`age: ${second}`) },
    'no rule matches': { args: ['encrypt', 'plain.yaml'], ...config(`path_regex: x\nage: ${first}`) },
    'no rule matches, keys given': {
      args: ['encrypt', ...age, 'plain.yaml'],
      ...config(`path_regex: x\nage: ${first}`),
    },
    'bad path_regex': { args: ['encrypt', 'plain.yaml'], ...config(`path_regex: (\nage: ${first}`) },
    'rule without keys': { args: ['encrypt', 'plain.yaml'], ...config('path_regex: .') },
    'config without rules': { args: ['encrypt', 'plain.yaml'], files: { '.sops.yaml': 'stores: {}\n' } },
    'config that is no yaml': { args: ['decrypt', 'enc.yaml'], files: { '.sops.yaml': 'a: [\n' } },
    'config above': {
      args: ['encrypt', 'x.json'],
      folder: 'sub',
      files: { '.sops.yaml': rules(`path_regex: ^sub/x\nage: ${first}`), 'sub/x.json': '{"a":1}' },
    },
    'config named': {
      args: ['--config', 'conf.yaml', 'encrypt', 'plain.json'],
      files: { 'conf.yaml': rules(`age: ${first}`) },
    },
    'config in the environment': {
      args: ['encrypt', 'plain.json'],
      env: { SOPS_CONFIG: 'conf.yaml' },
      files: { 'conf.yaml': rules(`age: ${first}`) },
    },
    'config that does not exist': { args: ['--config', 'nope.yaml', 'encrypt', 'plain.json'] },
    'config with the wrong name': { args: ['encrypt', ...age, 'plain.json'], files: { '.sops.yml': 'x' } },
    'indents of the config': {
      args: ['encrypt', 'plain.json'],
      files: { '.sops.yaml': `${rules(`age: ${first}`)}stores: {json: {indent: 3}}\n` },
    },
    'yaml indent of the config': {
      args: ['decrypt', 'enc.yaml'],
      files: { '.sops.yaml': 'stores: {yaml: {indent: 2}}\n' },
    },
    'filename-override chooses rule and format': {
      args: ['encrypt', '--filename-override', 'x.json', 'plain.bin'],
      files: { '.sops.yaml': rules(`path_regex: json$\nage: ${first}`), 'plain.bin': '{"a":1}' },
    },
    '-e without a matching rule': { args: ['-e', 'plain.yaml'], ...config(`path_regex: x\nage: ${first}`) },
    '-d without a matching rule': { args: ['-d', 'enc.json'], ...config(`path_regex: x\nage: ${first}`) },
    // set and unset
    'set a text': { args: ['set', 'enc.yaml', '["str"]', '"new"'] },
    'set a number that no float holds': { args: ['set', 'enc.yaml', '["int"]', '1e400'] },
    'set a number that no float holds in an object': { args: ['set', 'enc.yaml', '["int"]', '{"a":1e400}'] },
    'set half of a surrogate pair': { args: ['set', 'enc.yaml', '["a_unencrypted"]', '"\\ud800"'] },
    'set a number': { args: ['set', 'enc.yaml', '["int"]', '5'] },
    'set an object': { args: ['set', 'enc.json', '["a"]', '{"x":1,"y":[true,null]}'] },
    'set a new path': { args: ['set', 'enc.yaml', '["new"]["a"][0]', '"x"'] },
    'set a list item': { args: ['set', 'enc.yaml', '["map"]["deep"]["c"][0]', '"x"'] },
    'set behind the end of a list': { args: ['set', 'enc.yaml', '["list"][17]', '"x"'] },
    'set through a text': { args: ['set', 'enc.yaml', '["str"]["a"]', '"x"'] },
    'set dotenv': { args: ['set', 'enc.env', '["KEY"]', '"x"'] },
    'set a list fails': { args: ['set', 'enc.yaml', '["x"]', '[1]'] },
    'set what is no json': { args: ['set', 'enc.yaml', '["x"]', 'x'] },
    'set with a bad index': { args: ['set', 'enc.yaml', '["x"', '"x"'] },
    'set without a value': { args: ['set', 'enc.yaml', '["x"]'] },
    'set in a file that is not there': { args: ['set', 'nope.yaml', '["x"]', '"x"'] },
    'set from a file': { args: ['set', '--value-file', 'enc.json', '["b"]', 'value'], files: { value: '"from file"' } },
    'set from standard input': { args: ['set', '--value-stdin', 'enc.json', '["b"]'], stdin: '"from stdin"' },
    'set idempotent': { args: ['set', '--idempotent', 'enc.yaml', '["map"]["b"]', '"two"'] },
    '--set': { args: ['--set', '["b"] "x"', 'enc.json'], ...config(`age: ${first}`) },
    '--set without a space': { args: ['--set', '["b"]"x"', 'enc.json'], ...config(`age: ${first}`) },
    unset: { args: ['unset', 'enc.yaml', '["map"]["a"]'] },
    'unset a list item': { args: ['unset', 'enc.json', '["a"]["z"][0]'] },
    'unset nothing': { args: ['unset', 'enc.yaml', '["nope"]'] },
    'unset nothing, idempotent': { args: ['unset', '--idempotent', 'enc.yaml', '["nope"]'] },
    'unset past the end': { args: ['unset', 'enc.json', '["a"]["z"][10]'] },
    'unset below a text': { args: ['unset', 'enc.json', '["e"]["x"]'] },
    'unset with a bad index': { args: ['unset', 'enc.json', 'x'] },
    // rotate
    rotate: { args: ['rotate', 'enc.yaml'] },
    'rotate in place': { args: ['rotate', '-i', 'enc.json'] },
    'rotate with another key': { args: ['rotate', '--add-age', second, 'enc.json'] },
    'rotate without a key': { args: ['rotate', '--rm-age', recipients[2] ?? '', 'both.enc.yaml'] },
    '-r': { args: ['-r', 'enc.json'], ...config(`age: ${first}`) },
    'rotate what is not there': { args: ['rotate', 'nope.yaml'] },
    'rotate nothing': { args: ['rotate'] },
    // edit
    edit: { args: ['edit', 'enc.yaml'], env: { EDITOR: 'sed -i s/two/zwei/' } },
    'edit json': { args: ['edit', 'enc.json'], env: { EDITOR: "sed -i 's/1.5/2.5/'" } },
    'edit dotenv': { args: ['edit', 'enc.env'], env: { EDITOR: 'sed -i s/value/other/' } },
    'edit binary': { args: ['edit', 'enc.bin'], env: { EDITOR: 'cp plain.env' } },
    'edit with SOPS_EDITOR': {
      args: ['edit', 'enc.yaml'],
      env: { EDITOR: 'false', SOPS_EDITOR: 'sed -i s/two/zwei/' },
    },
    'edit a file of an old version': {
      args: ['edit', 'enc.yaml'],
      env: { EDITOR: 'sed -i s/two/zwei/' },
      files: { 'enc.yaml': text('enc.yaml').replace(/version: .*/, 'version: 3.7.1') },
    },
    'edit nothing': { args: ['edit', 'enc.yaml'], env: { EDITOR: 'true' } },
    'edit with an editor that fails': { args: ['edit', 'enc.yaml'], env: { EDITOR: 'false' } },
    'edit with an editor that is not there': { args: ['edit', 'enc.yaml'], env: { EDITOR: 'no-such-editor' } },
    'edit with an editor that is no command': { args: ['edit', 'enc.yaml'], env: { EDITOR: "sed '" } },
    'edit a plain file': { args: ['edit', 'plain.yaml'], env: { EDITOR: 'true' } },
    'edit without a folder for temporary files': {
      args: ['edit', 'enc.yaml'],
      env: { EDITOR: 'true', TMPDIR: '/nowhere' },
    },
    'exec-file without a folder for temporary files': {
      args: ['exec-file', 'enc.yaml', 'cat {}'],
      env: { TMPDIR: '/nowhere' },
    },
    'edit without a file': { args: ['edit'] },
    'edit a new yaml file': { args: ['edit', ...age, 'new.yaml'], env: { EDITOR: 'sed -i s/Welcome/Hello/' } },
    'edit a new json file': { args: ['edit', ...age, 'new.json'], env: { EDITOR: 'sed -i s/Welcome/Hello/' } },
    'edit a new dotenv file': { args: ['edit', ...age, 'new.env'], env: { EDITOR: 'sed -i s/Welcome/Hello/' } },
    'edit a new binary file': { args: ['edit', ...age, 'new.txt'], env: { EDITOR: 'sed -i s/Welcome/Hello/' } },
    'edit a new file, unchanged': { args: ['edit', ...age, 'new.yaml'], env: { EDITOR: 'true' } },
    'edit a new file without keys': { args: ['edit', 'new.yaml'], env: { EDITOR: 'true' } },
    'edit in the old form': { args: ['enc.yaml'], env: { EDITOR: 'sed -i s/two/zwei/' } },
    'edit in the old form with a rule': { args: ['enc.yaml'], env: { EDITOR: 'true' }, ...config(`age: ${first}`) },
    'edit in the old form without a rule': {
      args: ['enc.yaml'],
      env: { EDITOR: 'true' },
      ...config(`path_regex: x\nage: ${first}`),
    },
    'edit in the old form, new file': { args: [...age, 'new.yaml'], env: { EDITOR: 'sed -i s/Welcome/Hello/' } },
    // updatekeys
    'updatekeys -y': { args: ['updatekeys', '-y', 'enc.yaml'], ...config(`age: [${first}, ${second}]`) },
    'updatekeys to other keys': { args: ['updatekeys', '--yes', 'enc.json'], ...config(`age: ${second}`) },
    'updatekeys, answered yes': { args: ['updatekeys', 'enc.json'], stdin: 'x\ny\n', ...config(`age: ${second}`) },
    'updatekeys, answered no': { args: ['updatekeys', 'enc.json'], stdin: 'n\n', ...config(`age: ${second}`) },
    'updatekeys up to date': { args: ['updatekeys', '-y', 'enc.yaml'], ...config(`age: ${first}`) },
    'updatekeys to two groups': {
      args: ['updatekeys', '-y', 'enc.json'],
      ...config(`key_groups:\n- age: [${first}]\n- age: [${second}]`),
    },
    'updatekeys of several files': { args: ['updatekeys', '-y', 'enc.json', 'enc.yaml'], ...config(`age: ${second}`) },
    'updatekeys of several files, one missing': {
      args: ['updatekeys', '-y', 'nope.json', 'enc.yaml'],
      ...config(`age: ${second}`),
    },
    'updatekeys without a configuration': { args: ['updatekeys', '-y', 'enc.yaml'] },
    'updatekeys without a file': { args: ['updatekeys', '-y'], ...config(`age: ${second}`) },
    'updatekeys of a directory': {
      args: ['updatekeys', '-y', 'dir'],
      files: { '.sops.yaml': rules(`age: ${second}`), 'dir/x': '' },
    },
    'updatekeys of a plain file': { args: ['updatekeys', '-y', 'plain.yaml'], ...config(`age: ${second}`) },
    'updatekeys without a rule': { args: ['updatekeys', '-y', 'enc.yaml'], ...config(`path_regex: x\nage: ${second}`) },
    'updatekeys of what nobody can read': { args: ['updatekeys', '-y', 'other.enc.yaml'], ...config(`age: ${second}`) },
    // groups
    'groups add': { args: ['groups', 'add', '-f', 'enc.json', '--age', second] },
    'groups add in place': {
      args: ['groups', 'add', '-i', '--file', 'enc.yaml', '--age', second, '--age', recipients[2] ?? ''],
    },
    'groups add with a threshold': {
      args: ['groups', 'add', '-f', 'enc.json', '--age', second, '--shamir-secret-sharing-threshold', '2'],
    },
    'groups add without a file': { args: ['groups', 'add', '--age', second] },
    'groups add with an argument': { args: ['groups', 'add', '-f', 'enc.json', 'x'] },
    'groups add to nothing': { args: ['groups', 'add', '-f', 'nope.json', '--age', second] },
    'groups add without the key': { args: ['groups', 'add', '-f', 'other.enc.yaml', '--age', second] },
    'groups delete without the keys': {
      args: ['groups', 'delete', '-f', 'three.enc.json', '0'],
      env: { SOPS_AGE_KEY_FILE: '/nowhere/keys.txt' },
    },
    'groups add to a plain file': { args: ['groups', 'add', '-f', 'plain.json', '--age', second] },
    'groups delete': {
      args: ['groups', 'delete', '-f', 'groups.json', '0'],
      files: { 'groups.json': text('three.enc.json') },
    },
    'groups delete in place': {
      args: ['groups', 'delete', '-i', '-f', 'groups.json', '2'],
      files: { 'groups.json': text('three.enc.json') },
    },
    'groups delete below the threshold': {
      args: ['groups', 'delete', '-f', 'groups.json', '1', '--shamir-secret-sharing-threshold', '3'],
      files: { 'groups.json': text('three.enc.json') },
    },
    'groups delete without an index': { args: ['groups', 'delete', '-f', 'enc.json'] },
    'groups delete of no number': { args: ['groups', 'delete', '-f', 'enc.json', 'x'] },
    // PGP
    'a pgp key that is not there': { args: ['encrypt', '--pgp', 'AB CD', 'plain.json'] },
    'no gpg': { args: ['encrypt', '--pgp', 'ABCD', 'plain.json'], env: { SOPS_GPG_EXEC: 'no-such-gpg' } },
    'a file for a pgp key that is not there': {
      args: ['decrypt', 'enc.json'],
      env: { SOPS_GPG_EXEC: 'false' },
      files: {
        'enc.json': text('enc.json').replace(
          /"age": \[[^\]]*\]/,
          '"pgp": [{"fp": "ABCD", "enc": "x", "created_at": "2024-01-01T00:00:00Z"}]',
        ),
      },
    },
    // INI
    'decrypt ini': { args: ['decrypt', 'enc.ini'] },
    'encrypt ini': { args: ['encrypt', ...age, 'plain.ini'] },
    'ini as json': { args: ['decrypt', '--output-type', 'json', 'enc.ini'] },
    'ini as yaml': { args: ['decrypt', '--output-type', 'yaml', 'enc.ini'] },
    'json as ini': {
      args: ['encrypt', ...age, '--output-type', 'ini', 'x.json'],
      files: { 'x.json': '{"s":{"a":1.5,"b":true,"c":"d","n":null,"f":1000000.5},"t":{}}' },
    },
    'json of one level as ini fails': { args: ['encrypt', ...age, '--output-type', 'ini', 'plain.json'] },
    'extract from ini': { args: ['decrypt', '--extract', '["one"]["longer"]', 'enc.ini'] },
    'set in ini': { args: ['set', 'enc.ini', '["two"]["new"]', '"x"'] },
    'edit ini': { args: ['edit', 'enc.ini'], env: { EDITOR: 'sed -i s/again/more/' } },
    'edit a new ini file': { args: ['edit', ...age, 'new.ini'], env: { EDITOR: 'sed -i s/Welcome/Hello/' } },
    'filestatus ini': { args: ['filestatus', 'enc.ini'] },
    'ini with metadata of 3.13.0': {
      args: ['decrypt', 'enc.ini'],
      files: {
        'enc.ini': text('enc.ini').replace(
          /(enc\s*= )(-----BEGIN.*)/,
          (_, head: string, value: string) => `${head}"""${value.replaceAll('\\n', '\n')}"""`,
        ),
      },
    },
    'ini: a line without a delimiter': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[s]\nhunter2\n' } },
    'ini: an empty key': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[s]\n= x\n' } },
    'ini: an open section': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[s\n' } },
    'ini: an empty section name': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[]\n' } },
    'ini: an open quote': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = """x\n' } },
    'ini: an open key quote': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '"a = x\n' } },
    'ini: quoted keys': {
      args: ['encrypt', ...age, 'x.ini'],
      files: { 'x.ini': '"a:b" = 1\n`c=d` = 2\n"""e`f""" = 3\n' },
    },
    'ini: single quotes': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': "a = 'x'\nb = 'x' y'\nc = ''\n" } },
    'ini: values with quotes inside': {
      args: ['encrypt', ...age, 'x.ini'],
      files: { 'x.ini': 'a = "x" y"\nb = x"y\n' },
    },
    'ini: comments in quotes': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = "x # y"\n' } },
    'ini: blanks': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '  a   =   x y  \n\tb\t=\tz\n' } },
    'ini: windows line ends': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[s]\r\na = 1\r\nb = 2\r\n' } },
    'ini: no line end': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = 1' } },
    'ini: nothing': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '' } },
    'ini: blank lines': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '\n\n\n' } },
    'ini: comments only': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '; a\n# b\n' } },
    'ini: comment at the end': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = 1\n; lost\n' } },
    'ini: comments of several lines': {
      args: ['encrypt', ...age, 'x.ini'],
      files: { 'x.ini': '; one\n# two\n;three\na = 1\n' },
    },
    'ini: a comment behind a section': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[s] ; c\na = 1\n' } },
    'ini: continuation': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = x \\\n  y \\\n  z\nb = 1\n' } },
    'ini: continuation at the end': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = x \\' } },
    'ini: a section twice': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[s]\na = 1\n[s]\nb = 2\n' } },
    'ini: DEFAULT by name': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = 1\n[DEFAULT]\nb = 2\n' } },
    'ini: colon': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a: 1\nb = x: y\n' } },
    'ini: not ASCII': {
      args: ['encrypt', ...age, 'x.ini'],
      files: {
        'x.ini': '\u043a\u043b\u044e\u0447 = \u0437\u043d\u0430\u0447\u0435\u043d\u0438\u0435\n\u00e9 = \u2603\n',
      },
    },
    'ini: a byte order mark': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '\ufeffa = 1\n' } },
    'ini: percent': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = %(b)s\nb = 1\n' } },
    'ini: a value that is a section': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = [x]\n' } },
    'ini: a key in brackets at the end': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[a]b]\nc = 1\n' } },
    'ini: an escaped quote': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': 'a = \\"x\\"\n' } },
    'ini: a section named sops': { args: ['encrypt', ...age, 'x.ini'], files: { 'x.ini': '[sops]\na = 1\n' } },
    // filestatus, exec-env
    'filestatus encrypted': { args: ['filestatus', 'enc.yaml'] },
    'filestatus plain': { args: ['filestatus', 'plain.yaml'] },
    'filestatus plain json': { args: ['filestatus', 'plain.json'] },
    'filestatus broken': { args: ['filestatus', 'x.yaml'], files: { 'x.yaml': 'a: [' } },
    'filestatus of no name': { args: ['filestatus', ''] },
    'filestatus of a file as a folder': { args: ['filestatus', 'enc.yaml/'] },
    'filestatus nothing': { args: ['filestatus', 'nope.yaml'] },
    'exec-env': { args: ['exec-env', 'enc.env', 'exit 3'] },
    'exec-env, nothing wrong': { args: ['exec-env', 'enc.env', 'true'] },
    'exec-env, killed': { args: ['exec-env', 'enc.env', 'kill -9 $$'] },
    'exec-env of a file that is not there': { args: ['exec-env', 'nope.env', 'true'] },
    'exec-env without a command': { args: ['exec-env', 'enc.env'] },
    'exec-env in the background': { args: ['exec-env', '--background', 'enc.env', 'true'] },
    'exec-env writes': { args: ['exec-env', 'enc.env', 'echo "$KEY $MULTI" > out'] },
    'exec-env pristine': { args: ['exec-env', '--pristine', 'enc.env', 'echo "$HOME $KEY" > out'] },
    'exec-env, types': {
      args: ['exec-env', 'x.yaml', 'echo "$A $B $C $D $E $F" > out'],
      files: { 'x.yaml': text('types.enc.yaml') },
    },
    'exec-file': { args: ['exec-file', 'enc.yaml', 'cat {} > out'] },
    'exec-file without a pipe': { args: ['exec-file', '--no-fifo', 'enc.json', 'cat {} {} > out'] },
    'exec-file in another format': { args: ['exec-file', '--output-type', 'json', 'enc.yaml', 'cat {} > out'] },
    'exec-file with a name': {
      args: ['exec-file', '--no-fifo', '--filename', 'x.json', 'enc.json', 'basename {} > out; stat -c %a {} >> out'],
    },
    'exec-file with a path outside': { args: ['exec-file', '--filename', '../x', 'enc.json', 'cat {}'] },
    'exec-file with an absolute path': { args: ['exec-file', '--filename', '/x', 'enc.json', 'cat {}'] },
    // The real one writes in a thread, which must have opened the pipe before the command ends and all is removed.
    'exec-file that is not read': { args: ['exec-file', 'enc.json', 'sleep 1; exit 4'] },
    'exec-file without a command': { args: ['exec-file', 'enc.json'] },
    'exec-env complex': { args: ['exec-env', 'enc.yaml', 'true'] },
    // Command lines that cannot be read
    'unknown flag': { args: ['decrypt', '--nope', 'enc.yaml'] },
    'flag without its value': { args: ['decrypt', '--output'] },
    'two forms of a flag': { args: ['encrypt', '-a', first, '--age', first, 'plain.json'] },
    ...Object.fromEntries(
      ['99999999999999999999', '-0x2', '1_0', '1__0', '0o', '08', '0_1', '-1'].map((text) => [
        `integer ${text}`,
        { args: ['encrypt', ...age, '--shamir-secret-sharing-threshold', text, 'plain.json'] },
      ]),
    ),
    'bad integer': { args: ['encrypt', '--shamir-secret-sharing-threshold', 'x', 'plain.yaml'] },
    ...help(),
    ...environment(recipients),
    ...completion(),
    'edit -s, nothing changed': { args: ['edit', '-s', 'enc.yaml'], env: { EDITOR: 'true' } },
    'exec-env as a user who is not there': { args: ['exec-env', '--user', 'no-such-user', 'enc.env', 'true'] },
    'exec-file as a user who is not there': { args: ['exec-file', '--user', 'no-such-user', 'enc.env', 'true'] },
    'exec-env in the place of this process': { args: ['exec-env', '--same-process', 'enc.env', 'exit 3'] },
    'exec-env, --same-process and --background': {
      args: ['exec-env', '--same-process', '--background', 'enc.env', 'true'],
    },
    'exec-file in the background': { args: ['exec-file', '--background', 'enc.json', 'sleep 1; cat {}'] },
    'exec-file below a folder that is not there': {
      args: ['exec-file', '--filename', 'a/b', 'enc.json', 'cat {} > out'],
    },
    'exec-file with a dot as its name': { args: ['exec-file', '--filename', '.', 'enc.json', 'cat {} > out'] },
    'exec-file, name of the regular file': {
      args: ['exec-file', '--no-fifo', 'enc.json', 'basename {} | sed "s/[0-9][0-9]*$/N/" > out'],
    },
    'exec-file, name of the pipe': { args: ['exec-file', 'enc.json', 'basename {} > out; stat -c "%F %a" {} >> out'] },
    'version without a check': { args: ['--version'] },
    '-v': { args: ['-v'] },
  }
}

/** What Flux' kustomize-controller looks for before it decrypts a file (its `internal/decryptor`), by format. */
const fluxMarkers: Readonly<Record<string, string>> = {
  yaml: 'mac: ENC[',
  json: '"mac": "ENC[',
  bin: '"mac": "ENC[',
  env: 'sops_mac=ENC[',
  ini: '[sops]',
}

if (programs === null) test('the real sops', (t) => t.skip(skipped.join(', ')))
else {
  const { files, recipients } = fixtures(programs)
  for (const [name, line] of Object.entries(same(files, recipients))) {
    test(`same: ${name}`, async () => {
      const theirs: Outcome = await runCase(line, files, programs.sops)
      assert.deepEqual(await runCase(line, files), theirs)
    })
  }

  for (const [format, marker] of Object.entries(fluxMarkers)) {
    test(`what Flux looks for is in the file: ${format}`, async () => {
      const line = { args: ['encrypt', '--age', recipients[0] ?? '', `plain.${format}`] }
      assert.ok((await runCase(line, files)).stdout.includes(marker))
    })
  }
}
