import { commands } from './commands.ts'
import { helpText } from './help.ts'

/** The page `docs/reference/cli.md`: every command as its own `--help` shows it. */
export async function reference(): Promise<string> {
  const sections: string[] = []
  for (const [name, load] of Object.entries(commands)) {
    const command = await load()
    const examples = (command.examples ?? []).map(([line, meaning]) => `* \`${line}\`: ${meaning}`).join('\n')
    const help = helpText(name, command).trimEnd()
    sections.push(`## sealkit ${name}\n\n\`\`\`\n${help}\n\`\`\`\n${examples === '' ? '' : `\n${examples}\n`}`)
  }
  return `${head}\n${sections.join('\n')}`
}

const head = `# Command line

stdout is data only. stderr says \`sealkit: error: ...\` and, on the next line, \`hint: ...\`. Exit codes: 0 done, 1 failed, 2 wrong usage.
\`kubeseal\` and \`sops\` (links to the same executable, or \`sealkit kubeseal\`, \`sealkit sops\`) take the flags of the programs they are named after.

This page is made from the tables that the commands are parsed by (\`npm run reference\`); a test keeps it so.
`
