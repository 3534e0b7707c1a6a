package hostlog

import (
	"cmp"
	"slices"
)

// severals lists the machines that came with several ids: reinstalled ones,
// desktops that start anew each day, names given twice. Few are listed, so that
// their ids are gathered when it is known which.
func (b *listBuilder) severals() {
	var several []int32
	for name, n := range b.uses {
		if n > 1 {
			several = append(several, int32(name))
			b.out.extra += int(n) - 1
		}
	}
	slices.SortStableFunc(several, func(x, y int32) int { return -cmp.Compare(b.uses[x], b.uses[y]) })
	if n := len(several) - maxListed; n > 0 {
		b.out.MoreSever, several = n, several[:maxListed]
	}
	listed := map[int32]*Several{}
	for _, name := range several {
		listed[name] = &Several{Machine: b.t.names.name(name)}
	}
	if len(listed) == 0 {
		return
	}
	for _, c := range b.t.clients.all {
		if c.key.list != b.no || c.name == noName || c.has&hasNames != 0 || !b.recent(c.last) {
			continue
		}
		if s := listed[b.follow.machines[c.name]]; s != nil && len(s.IDs) < maxListed {
			s.IDs = append(s.IDs, IDUse{c.key.cmid.String(), fromUnix(c.first), fromUnix(c.last)})
		}
	}
	for _, name := range several {
		b.out.Several = append(b.out.Several, *listed[name])
	}
	slices.SortStableFunc(b.out.Several, func(x, y Several) int {
		return cmp.Or(-cmp.Compare(len(x.IDs), len(y.IDs)), cmp.Compare(x.Machine, y.Machine))
	})
}
