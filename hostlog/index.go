package hostlog

import "hash/maphash"

// clientIndex finds clients by their keys: an open table of numbers into the
// list of clients, a sixth of the memory of a map.
type clientIndex struct {
	seed  maphash.Seed
	table []int32 // number of a client plus one; 0: free
}

func newIndex() clientIndex {
	return clientIndex{seed: maphash.MakeSeed(), table: make([]int32, 1<<10)}
}

func (x *clientIndex) hash(k *clientKey) int {
	return int(maphash.Bytes(x.seed, k.cmid[:]) + uint64(k.list)*0x9E3779B97F4A7C15)
}

// find returns the place of a client in the table, and its number; noClient if
// it is not there.
func (x *clientIndex) find(list *clients, k *clientKey) (place int, number int32) {
	mask := len(x.table) - 1
	for at := x.hash(k) & mask; ; at = (at + 1) & mask {
		if i := x.table[at] - 1; i < 0 || list.at(i).key == *k {
			return at, i
		}
	}
}

// put enters a new client at the place that find returned.
func (x *clientIndex) put(list *clients, place int, i int32) {
	x.table[place] = i + 1
	if list.n*4 <= len(x.table)*3 {
		return
	}
	x.table = make([]int32, 2*len(x.table))
	mask := len(x.table) - 1
	for k, c := range list.all {
		at := x.hash(&c.key) & mask
		for ; x.table[at] != 0; at = (at + 1) & mask {
		}
		x.table[at] = k + 1
	}
}
