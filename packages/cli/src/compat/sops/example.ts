import { type Branch, branch, comment, type Format, type Item } from '@sealkit/core/sops'

const welcome = 'Welcome to SOPS! Edit this file as you please!'
const note: Item = { key: comment(' This is an example file.'), value: null }

const nested = branch([
  { key: 'hello', value: welcome },
  { key: 'example_key', value: 'example_value' },
  { key: comment(' Example comment'), value: null },
  { key: 'example_array', value: ['example_value1', 'example_value2'] },
  { key: 'example_number', value: 1234.56789 },
  { key: 'example_booleans', value: [true, false] },
])

const examples: Readonly<Record<Format, Branch>> = {
  yaml: nested,
  json: nested,
  binary: branch([{ key: 'data', value: welcome }]),
  dotenv: branch([
    note,
    { key: 'hello', value: welcome },
    { key: 'example_key', value: 'example_value' },
    { key: 'example_multiline', value: 'foo\nbar\nbaz' },
  ]),
  ini: branch([
    {
      key: 'Welcome!',
      value: branch([note, { key: 'hello', value: welcome }, { key: 'example_key', value: 'example_value' }]),
    },
  ]),
}

/** What an editor shows for a file that does not exist yet. */
export function example(format: Format): Branch {
  return examples[format]
}
