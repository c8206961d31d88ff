import { Writer } from './writer.ts'

/**
 * Writes comments. They wait in the fields below until libyaml's emitter would write them, which is why they outlive
 * their nodes.
 */
export class CommentWriter extends Writer {
  protected headComment = ''
  protected lineComment = ''
  protected footComment = ''
  protected tailComment = ''
  protected keyLineComment = ''

  protected hasTrailing(): boolean {
    return this.lineComment !== '' || this.footComment !== '' || this.tailComment !== ''
  }

  protected writeHead(): void {
    if (this.tailComment !== '') {
      this.writeCommentLines(this.tailComment)
      this.tailComment = ''
      this.footIndent = Math.max(this.indent, 0)
    }
    if (this.headComment === '') return
    this.writeCommentLines(this.headComment)
    this.headComment = ''
  }

  protected writeTrailing(): void {
    this.writeLineComment()
    this.writeFoot()
  }

  protected writeLineComment(): void {
    if (this.lineComment === '') return
    if (!this.whitespace) this.put(' ')
    this.writeComment(this.lineComment)
    this.lineComment = ''
  }

  protected writeFoot(): void {
    if (this.footComment === '') return
    this.writeCommentLines(this.footComment)
    this.footComment = ''
    this.footIndent = Math.max(this.indent, 0)
  }

  private writeCommentLines(comment: string): void {
    this.writeIndent()
    this.writeComment(comment)
  }
}
