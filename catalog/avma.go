package catalog

import (
	_ "embed" // for the table
	"strings"
	"sync"
)

var (
	//go:embed data/avma.tsv
	avmaTSV string

	avmaTable = sync.OnceValue(loadAVMA)
)

func loadAVMA() map[string]string {
	products := make(map[string]string)
	for _, r := range readTable("avma.tsv", avmaTSV, "partial", "product") {
		products[r[0]] = r[1]
	}
	return products
}

// AVMAProduct names the edition whose generic key for automatic virtual machine activation (AVMA) ends in the five
// characters given, upper or lower case, such as "Windows Server 2022 Standard". Such a key activates a guest of
// Hyper-V through its own host and never asks a KMS host. The source is Microsoft's page "Automatic Virtual Machine
// Activation", 2023-09-19; keys published later are not known here. Only the ends of the keys are kept.
func AVMAProduct(partial string) (string, bool) {
	product, ok := avmaTable()[strings.ToUpper(partial)]
	return product, ok
}
