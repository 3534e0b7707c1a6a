//go:build !purego

#include "textflag.h"

// func hasAES() bool
TEXT ·hasAES(SB), NOSPLIT, $0-1
	MOVL $1, AX
	XORL CX, CX
	CPUID
	SHRL $25, CX
	ANDL $1, CX
	MOVB CX, ret+0(FP)
	RET

// func decryptBlocks(keys *[11][16]byte, iv *[16]byte, buf *byte, blocks int)
TEXT ·decryptBlocks(SB), NOSPLIT, $0-32
	MOVQ keys+0(FP), SI
	MOVQ iv+8(FP), DX
	MOVQ buf+16(FP), DI
	MOVQ blocks+24(FP), CX
	MOVOU (DX), X1
	MOVOU 0(SI), X5
	MOVOU 16(SI), X6
	MOVOU 32(SI), X7
	MOVOU 48(SI), X8
	MOVOU 64(SI), X9
	MOVOU 80(SI), X10
	MOVOU 96(SI), X11
	MOVOU 112(SI), X12
	MOVOU 128(SI), X13
	MOVOU 144(SI), X14
	MOVOU 160(SI), X15

block:
	TESTQ CX, CX
	JZ    done
	MOVOU (DI), X0
	MOVOU X0, X2
	PXOR  X5, X0
	AESDEC X6, X0
	AESDEC X7, X0
	AESDEC X8, X0
	AESDEC X9, X0
	AESDEC X10, X0
	AESDEC X11, X0
	AESDEC X12, X0
	AESDEC X13, X0
	AESDEC X14, X0
	AESDECLAST X15, X0
	PXOR  X1, X0
	MOVOU X0, (DI)
	MOVOU X2, X1
	ADDQ  $16, DI
	DECQ  CX
	JMP   block

done:
	// The runtime expects X15 to be zero.
	PXOR X15, X15
	RET
