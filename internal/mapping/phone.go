package mapping

import (
	"strconv"
	"strings"
)

// region is how telephone numbers are dialled inside a country: what stands
// before a national number there, and what replaces it from abroad.
type region struct {
	code   string // country calling code, without the plus
	trunk  string // dialled before national numbers; "" for none
	abroad string // dialled before a calling code
	length int    // digits of a national number where all have as many; else 0
}

// dialling lists regions by trunk prefix: "DE 49" is region DE with calling
// code 49. Facts of the ITU's numbering plans; the test holds them against a
// telephone library.
var dialling = map[string]string{
	"0": `AE 971 AF 93 AL 355 AM 374 AR 54 AT 43 AU 61 AX 358 AZ 994 BA 387 BD 880 BE 32 BG 359 BL 590 BO 591 BR 55
CC 61 CD 243 CH 41 CN 86 CO 57 CU 53 CX 61 DE 49 DZ 213 EC 593 EG 20 EH 212 ER 291 ET 251 FI 358 FR 33 GB 44 GE 995
GF 594 GG 44 GH 233 GP 590 HR 385 ID 62 IE 353 IL 972 IM 44 IN 91 IQ 964 IR 98 JE 44 JO 962 JP 81 KE 254 KG 996 KH 855
KI 686 KP 850 KR 82 LA 856 LB 961 LI 423 LK 94 LR 231 LT 370 LY 218 MA 212 MC 377 MD 373 ME 382 MF 590 MG 261 MK 389
MM 95 MN 976 MQ 596 MW 265 MY 60 NA 264 NG 234 NL 31 NP 977 NZ 64 PE 51 PH 63 PK 92 PM 508 PS 970 PY 595 RE 262 RO 40
RS 381 RW 250 SA 966 SD 249 SE 46 SI 386 SK 421 SL 232 SO 252 SS 211 SY 963 TH 66 TR 90 TW 886 TZ 255 UA 380 UG 256
UY 598 VE 58 VN 84 XK 383 YE 967 YT 262 ZA 27 ZM 260 ZW 263`,
	"8":  `KZ 7 RU 7 TM 993`,
	"80": `BY 375`,
	"": `AC 247 AD 376 AO 244 AW 297 BF 226 BH 973 BI 257 BJ 229 BN 673 BQ 599 BT 975 BW 267 BZ 501 CF 236 CG 242 CI 225
CK 682 CL 56 CM 237 CR 506 CV 238 CW 599 CY 357 CZ 420 DJ 253 DK 45 EE 372 ES 34 FJ 679 FK 500 FM 691 FO 298 GA 241
GI 350 GL 299 GM 220 GN 224 GQ 240 GR 30 GT 502 GW 245 GY 592 HK 852 HN 504 HT 509 IO 246 IS 354 IT 39 KM 269 KW 965
LS 266 LU 352 LV 371 ML 223 MO 853 MR 222 MT 356 MU 230 MV 960 MX 52 MZ 258 NC 687 NE 227 NF 672 NI 505 NO 47 NR 674
NU 683 OM 968 PA 507 PF 689 PG 675 PL 48 PT 351 PW 680 QA 974 SB 677 SC 248 SG 65 SH 290 SJ 47 SM 378 SN 221 SR 597
ST 239 SV 503 SZ 268 TA 290 TD 235 TG 228 TJ 992 TK 690 TL 670 TN 216 TO 676 TV 688 UZ 998 VA 39 VU 678 WF 681 WS 685
MH 692`,
	"1": `AG 1 AI 1 AS 1 BB 1 BM 1 BS 1 CA 1 DM 1 DO 1 GD 1 GU 1 JM 1 KN 1 KY 1 LC 1 MP 1 MS 1 PR 1 SX 1 TC 1 TT 1 US 1
VC 1 VG 1 VI 1`,
	"06": `HU 36`,
}

// phoneRegion finds a region by its two letters.
func phoneRegion(name string) (region, bool) {
	name = strings.ToUpper(strings.TrimSpace(name))
	if len(name) != 2 {
		return region{}, false
	}
	for trunk, list := range dialling {
		words := strings.Fields(list)
		for i := 0; i+1 < len(words); i += 2 {
			if words[i] == name {
				return newRegion(name, words[i+1], trunk), true
			}
		}
	}
	return region{}, false
}

func newRegion(name, code, trunk string) region {
	r := region{code: code, trunk: trunk, abroad: "00"}
	switch {
	case code == "1":
		r.abroad, r.length = "011", 10
	case code == "7":
		r.abroad, r.length = "810", 10
	case name == "AU":
		r.abroad = "0011"
	case name == "JP":
		r.abroad = "010"
	}
	return r
}

// international returns a number in E.164 form, +49301234567. It asks no
// directory whether the number exists; only the length is judged. An extension
// is left off, since the form has no room for it.
//
//	written            region DE        region US
//	+49 (0)30 1234567  +49301234567     +49301234567
//	0049 30 1234567    +49301234567     refused: too long
//	030/1234567        +49301234567     +1… refused: too short
//	(212) 555-0100     +492125550100    +12125550100
func (r region) international(s string) (number, problem string) {
	digits, plus := dialled(s)
	switch {
	case plus:
	case strings.HasPrefix(digits, r.abroad):
		digits = digits[len(r.abroad):]
	case r.length > 0 && len(digits) == r.length:
		digits = r.code + digits
	default:
		digits = r.code + strings.TrimPrefix(digits, r.trunk)
	}
	const shortest, longest = 6, 15
	if len(digits) < shortest || len(digits) > longest || digits[0] == '0' || (r.wrongLength(digits)) {
		return s, strconv.Quote(clip(s)) + " is not a telephone number that can be dialled from abroad"
	}
	return "+" + digits, ""
}

// wrongLength reports a number of the region's own code with the wrong number
// of digits, where that is known.
func (r region) wrongLength(digits string) bool {
	return r.length > 0 && strings.HasPrefix(digits, r.code) && len(digits) != len(r.code)+r.length
}

// dialled returns the digits of a number up to an extension, without a "(0)"
// after the country code, and whether it begins with a plus.
func dialled(s string) (digits string, plus bool) {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(strings.ToLower(s), "x;,#"); i > 0 {
		s = strings.TrimRight(s[:i], "eE. ") // "ext. 12" up to its x
	}
	plus = strings.HasPrefix(s, "+")
	if plus {
		s = strings.Replace(s, "(0)", "", 1)
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			b.WriteByte(s[i])
		}
	}
	return b.String(), plus
}
