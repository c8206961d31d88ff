/** One member, or many. Most values of an index have one, and a Set of one takes ten times the memory of its member. */
export type Members<Member> = Member | Set<Member>

/** With one member more; undefined stands for none. A member is no Set. */
export function withMember<Member>(members: Members<Member> | undefined, member: Member): Members<Member> {
  if (members === undefined || members === member) return member
  if (members instanceof Set) return members.add(member)
  return new Set([members, member])
}

/** With one member less; undefined when none is left. */
export function withoutMember<Member>(
  members: Members<Member> | undefined,
  member: Member,
): Members<Member> | undefined {
  if (!(members instanceof Set)) return members === member ? undefined : members
  members.delete(member)
  if (members.size > 1) return members
  const [last] = members
  return last
}

/** The members, in the order in which they came. */
export function membersOf<Member>(members: Members<Member> | undefined): readonly Member[] {
  if (members === undefined) return []
  return members instanceof Set ? [...members] : [members]
}
