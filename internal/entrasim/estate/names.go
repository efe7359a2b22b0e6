package estate

import "strings"

// culture is a stock of names as they are written at home and as they appear
// in addresses. Latin surnames are unique over all cultures, and Latin given
// names within one; that makes a sign-in name decode to one person.
type culture struct {
	language string // preferredLanguage
	office   int    // where most of its people work, an index of offices()
	eastern  bool   // the display name puts the surname first, without a space
	given    []name
	family   []name
}

type name struct{ native, latin string }

// office is a place where people of the tenant work.
type office struct {
	city, country, state, street, postal, usage, phone, site string
}

func offices() []office {
	return []office{
		{"Berlin", "Germany", "Berlin", "Friedrichstraße 68", "10117", "DE", "+49 30 5550", "BER"},
		{"Nairobi", "KE", "", "Kenyatta Avenue 12\r\n2nd floor", "00100", "KE", "+254 20 555", "NBO"},
		{"Seattle", "United States", "WA", "205 108th Ave. NE, Suite 400", "98004", "US", "+1 206 555 ", "SEA"},
		{"Dublin", "Ireland", "Leinster", "14 St Stephen's Green", "D02 X285", "IE", "+353 1 555 ", "DUB"},
		{"東京", "日本", "東京都", "千代田区丸の内1-1", "100-0005", "JP", "+81 3 5550 ", "TYO"},
		{"São Paulo", "Brasil", "SP", "Avenida Paulista, 1578", "01310-200", "BR", "+55 11 5550", "SAO"},
		{"Київ", "Україна", "", "вул. Хрещатик, 22", "01001", "UA", "+380 44 555 ", "KBP"},
		{"القاهرة", "مصر", "", "شارع التحرير 5", "11511", "EG", "+20 2 5550", "CAI"},
		{"Łódź", "Polska", "łódzkie", "ul. Piotrkowska 104", "90-926", "PL", "+48 42 555 ", "LCJ"},
		{"Bengaluru", "IN", "Karnataka", "MG Road 88", "560001", "IN", "+91 80 5550", "BLR"},
		{"Αθήνα", "Ελλάδα", "", "Ερμού 12", "105 63", "GR", "+30 21 0555 ", "ATH"},
	}
}

// ascii makes a stock of names that are written as they are spelled.
func ascii(words ...string) []name {
	out := make([]name, len(words))
	for i, w := range words {
		out[i] = name{w, strings.NewReplacer(" ", "", ".", "").Replace(w)}
	}
	return out
}

// pairs makes a stock from native, latin, native, latin, ...
func pairs(words ...string) []name {
	out := make([]name, 0, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		out = append(out, name{words[i], words[i+1]})
	}
	return out
}

func cultures() []culture {
	return []culture{
		{language: "en-US", office: 2,
			given: ascii("Adele", "Grady", "Patti", "Cameron", "Mallory", "Diego", "Lidia", "Alex", "Megan", "Isaiah", "Joni",
				"Henrietta", "Lynne", "Debra", "Christie", "Johanna", "Miriam", "Nestor", "Raul", "Lee", "Emily", "Brian", "Enrico",
				"Delia", "Irvin", "Pradeep", "Bianca", "Gerhart", "Ben", "Allan", "Jean-Luc", "Mary Jane"),
			family: ascii("Vance", "Archie", "Fernandez", "White", "Cortez", "Siciliani", "Holloway", "Wilber", "Bowen", "Langer",
				"Sherman", "Mueller", "Robbins", "Berger", "Cline", "Lorenz", "Graham", "Wilke", "Razo", "Gu", "Braun", "Johnson",
				"Cattaneo", "Dennis", "Sayers", "Gupta-Smith", "Pisani", "Moller", "Walters", "Deyoung", "St. John", "Null")},
		{language: "en-IE", office: 3,
			given: pairs("Siobhán", "Siobhan", "Seán", "Sean", "Aoife", "Aoife", "Pádraig", "Padraig", "Niamh", "Niamh", "Conor", "Conor",
				"Gráinne", "Grainne", "Fionn", "Fionn", "Róisín", "Roisin", "Oisín", "Oisin", "Caoimhe", "Caoimhe", "Eoin", "Eoin"),
			family: ascii("O'Brien", "O'Neill", "Byrne", "Kelly", "O'Sullivan", "Walsh", "McCarthy", "Gallagher", "Doherty",
				"Kennedy", "D'Arcy", "Fitzgerald", "Nic Giolla Bride", "MacNamara")},
		{language: "de-DE", office: 0,
			given: pairs("Jörg", "Joerg", "Käthe", "Kaethe", "Jürgen", "Juergen", "Anna", "Anna", "Lukas", "Lukas", "Björn", "Bjoern",
				"Heike", "Heike", "Uwe", "Uwe", "Sören", "Soeren", "Ingrid", "Ingrid", "Matthias", "Matthias", "Ulrike", "Ulrike",
				"Karl-Heinz", "Karl-Heinz", "Gisela", "Gisela", "Torsten", "Torsten", "Dörte", "Doerte"),
			family: pairs("Müller-Lüdenscheidt", "Mueller-Luedenscheidt", "Groß", "Gross", "Schröder", "Schroeder", "Weiß", "Weiss",
				"von der Leyen", "vonderLeyen", "Schmidt", "Schmidt", "Bäcker", "Baecker", "Jäger", "Jaeger", "Köhler", "Koehler",
				"Strauß", "Strauss", "Vogel", "Vogel", "zu Guttenberg", "zuGuttenberg", "Krüger", "Krueger", "Hoffmann", "Hoffmann")},
		{language: "sw-KE", office: 1,
			given: ascii("Wanjiru", "Otieno", "Achieng", "Kamau", "Njeri", "Kipchoge", "Amina", "Mwangi", "Atieno", "Baraka",
				"Zawadi", "Juma", "Makena", "Omondi", "Wambui", "Kiprono"),
			family: ascii("Njoroge", "Odhiambo", "Wafula", "Kariuki", "Mutua", "Chebet", "Ochieng", "Maina", "Ndung'u", "Wekesa",
				"Kimani", "Cheruiyot", "Mugo", "Nyambura")},
		{language: "ja-JP", office: 4, eastern: true,
			given: pairs("翔太", "Shota", "美咲", "Misaki", "健", "Ken", "さくら", "Sakura", "大輔", "Daisuke", "陽子", "Yoko",
				"拓海", "Takumi", "恵", "Megumi", "蓮", "Ren", "葵", "Aoi"),
			family: pairs("田中", "Tanaka", "佐藤", "Sato", "鈴木", "Suzuki", "高橋", "Takahashi", "渡邉", "Watanabe", "伊藤", "Ito",
				"山本", "Yamamoto", "髙田", "Takada", "小林", "Kobayashi", "𠮷野", "Yoshino")},
		{language: "pt-BR", office: 5,
			given: pairs("João", "Joao", "Conceição", "Conceicao", "Antônio", "Antonio", "Letícia", "Leticia", "Thiago", "Thiago",
				"Inês", "Ines", "Márcio", "Marcio", "Luísa", "Luisa", "Rafael", "Rafael", "Íris", "Iris", "Caetano", "Caetano"),
			family: pairs("Gonçalves", "Goncalves", "da Conceição", "daConceicao", "Araújo", "Araujo", "dos Santos", "dosSantos",
				"Magalhães", "Magalhaes", "Simões", "Simoes", "Peçanha", "Pecanha", "Bragança", "Braganca", "Lima", "Lima")},
		{language: "uk-UA", office: 6,
			given: pairs("Ольга", "Olha", "Тарас", "Taras", "Юлія", "Yuliia", "Андрій", "Andrii", "Оксана", "Oksana", "Богдан", "Bohdan",
				"Наталя", "Natalia", "Максим", "Maksym", "Соломія", "Solomiia", "Ярослав", "Yaroslav"),
			family: pairs("Шевченко", "Shevchenko", "Коваль", "Koval", "Мар'яненко", "Marianenko", "Бондаренко", "Bondarenko",
				"Ґудзь", "Gudz", "Ткаченко", "Tkachenko", "Лисенко", "Lysenko", "Гнатюк", "Hnatiuk", "Їжакевич", "Yizhakevych")},
		{language: "ar-EG", office: 7,
			given: pairs("محمد", "Mohamed", "فاطمة", "Fatma", "أحمد", "Ahmed", "مريم", "Mariam", "يوسف", "Youssef", "نور", "Nour",
				"خالد", "Khaled", "هدى", "Hoda", "عمر", "Omar", "سلمى", "Salma"),
			family: pairs("حسن", "Hassan", "إبراهيم", "Ibrahim", "السيد", "ElSayed", "عبد الرحمن", "AbdelRahman", "محفوظ", "Mahfouz",
				"شاهين", "Shahin", "فاروق", "Farouk", "منصور", "Mansour", "النجار", "ElNaggar")},
		{language: "pl-PL", office: 8,
			given: pairs("Łukasz", "Lukasz", "Małgorzata", "Malgorzata", "Grażyna", "Grazyna", "Paweł", "Pawel", "Świętosława", "Swietoslawa",
				"Zbigniew", "Zbigniew", "Agnieszka", "Agnieszka", "Jędrzej", "Jedrzej", "Żaneta", "Zaneta", "Wojciech", "Wojciech"),
			family: pairs("Wiśniewski", "Wisniewski", "Dąbrowska", "Dabrowska", "Brzęczyszczykiewicz", "Brzeczyszczykiewicz", "Źródlak", "Zrodlak",
				"Wójcik", "Wojcik", "Kamińska", "Kaminska", "Żak", "Zak", "Ślusarczyk", "Slusarczyk")},
		{language: "hi-IN", office: 9,
			given: pairs("प्रिया", "Priya", "अर्जुन", "Arjun", "Lakshmi", "Lakshmi", "Vikram", "Vikram", "दीपिका", "Deepika", "Rohan", "Rohan",
				"Anjali", "Anjali", "Sanjay", "Sanjay", "Kavya", "Kavya", "Aditya", "Aditya"),
			family: pairs("शर्मा", "Sharma", "Iyer", "Iyer", "पटेल", "Patel", "Krishnamurthy", "Krishnamurthy", "Reddy", "Reddy",
				"Chatterjee", "Chatterjee", "Nair", "Nair", "Singh", "Singh", "गुप्ता", "Gupta")},
		{language: "el-GR", office: 10,
			given: pairs("Γιώργος", "Giorgos", "Ελένη", "Eleni", "Κωνσταντίνος", "Konstantinos", "Δέσποινα", "Despoina", "Νίκος", "Nikos",
				"Χρήστος", "Christos", "Άννα", "Anna", "Ζωή", "Zoe"),
			family: pairs("Παπαδόπουλος", "Papadopoulos", "Οικονόμου", "Oikonomou", "Αγγελίδης", "Angelidis", "Ξενάκης", "Xenakis",
				"Ψαρράς", "Psarras", "Θεοδωρίδου", "Theodoridou")},
	}
}

func departments() []string {
	return []string{"Sales", "Engineering", "Finance", "Human Resources", "IT", "Operations", "Marketing", "Legal", "Field Service", "Research & Development"}
}

// titles are indexed like departments.
func titles() [][]string {
	return [][]string{
		{"Account Executive", "Sales Manager", "Retail Manager", "Key Account Manager"},
		{"Software Engineer", "Senior Engineer", "Test Engineer", "Architekt für Anlagen"},
		{"Accountant", "Controller", "Payroll Specialist", "Treasury Analyst"},
		{"HR Partner", "Recruiter", "Trainer"},
		{"System Administrator", "Service Desk Agent", "Network Engineer", "Asset Manager"},
		{"Logistics Planner", "Warehouse Lead", "Fleet Coordinator"},
		{"Product Marketing Manager", "Designer", "Content Editor"},
		{"Counsel", "Paralegal"},
		{"Technician", "Field Engineer", "Dispatcher", "Inspector, \"A\" license"},
		{"Scientist", "Lab Assistant", "Patent Analyst"},
	}
}
