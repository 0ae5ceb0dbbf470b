//! Countries with their cities, zones, legal forms and names of people.

use unicode_normalization::UnicodeNormalization;

use super::random::SplitMix64;

pub(super) struct City {
    pub name: &'static str,
    pub state: &'static str,
    pub region: &'static str,
    pub time_zone: &'static str,
}

pub(super) struct Country {
    pub name: &'static str,
    pub code: &'static str,
    pub locale: &'static str,
    pub dial: &'static str,
    /// `#` is a digit, `@` a capital letter.
    pub postal_code: &'static str,
    /// Written straight after the name.
    pub legal_forms: &'static [&'static str],
    pub cities: &'static [City],
    pub women: &'static [&'static str],
    pub men: &'static [&'static str],
    pub last_names: &'static [&'static str],
    weight: u64,
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    pub country: &'static Country,
    pub city: &'static City,
}

const fn city(name: &'static str, state: &'static str, region: &'static str, time_zone: &'static str) -> City {
    City { name, state, region, time_zone }
}

#[rustfmt::skip]
const COUNTRIES: [Country; 10] = [
    Country {
        name: "United States", code: "US", locale: "en-US", dial: "+1", postal_code: "#####", weight: 34,
        legal_forms: &[" Inc.", " LLC", " Corp.", ", Inc.", " & Co.", ""],
        cities: &[
            city("Boston", "Massachusetts", "Northeast", "America/New_York"), city("Chicago", "Illinois", "Midwest", "America/Chicago"),
            city("Denver", "Colorado", "Mountain", "America/Denver"), city("Seattle", "Washington", "West", "America/Los_Angeles"),
            city("Phoenix", "Arizona", "Southwest", "America/Phoenix"), city("Honolulu", "Hawaii", "West", "Pacific/Honolulu"),
        ],
        women: &["Olivia", "Grace", "Naomi", "Dana", "Ruth", "Camila", "Tessa", "Imani"],
        men: &["Ethan", "Marcus", "Caleb", "Owen", "Isaac", "Mateo", "Grant", "Andre"],
        last_names: &["Harper", "Whitlock", "Reyes", "O’Dell", "Brooks", "Castellano", "Nguyen", "Sutter", "McAllen", "Park"],
    },
    Country {
        name: "Germany", code: "DE", locale: "de-DE", dial: "+49", postal_code: "#####", weight: 18,
        legal_forms: &[" GmbH", " AG", " SE", " GmbH & Co. KG"],
        cities: &[
            city("München", "Bayern", "Süd", "Europe/Berlin"), city("Köln", "Nordrhein-Westfalen", "West", "Europe/Berlin"),
            city("Berlin", "Berlin", "Ost", "Europe/Berlin"), city("Lübeck", "Schleswig-Holstein", "Nord", "Europe/Berlin"),
        ],
        women: &["Anja", "Käthe", "Sabine", "Jördis", "Lena", "Heike"],
        men: &["Jürgen", "Lukas", "Sören", "Matthias", "Björn", "Tobias"],
        last_names: &["Groß", "Müllerstedt", "Kühn", "Vogelsang", "Weiß", "Brandt", "Schäferkamp", "Löwe"],
    },
    Country {
        name: "United Kingdom", code: "GB", locale: "en-GB", dial: "+44", postal_code: "@@# #@@", weight: 10,
        legal_forms: &[" Ltd", " plc", " LLP"],
        cities: &[
            city("Leeds", "England", "Yorkshire", "Europe/London"), city("Glasgow", "Scotland", "Lowlands", "Europe/London"),
            city("Cardiff", "Wales", "South", "Europe/London"),
        ],
        women: &["Siân", "Harriet", "Aoife", "Pippa"],
        men: &["Rhys", "Alasdair", "Callum", "Hugh"],
        last_names: &["Thornbury", "MacInnes", "Pryce", "Ashdown", "O’Shea", "Fairweather"],
    },
    Country {
        name: "France", code: "FR", locale: "fr-FR", dial: "+33", postal_code: "#####", weight: 9,
        legal_forms: &[" SA", " SAS", " SARL"],
        cities: &[
            city("Saint-Étienne", "Auvergne-Rhône-Alpes", "Centre", "Europe/Paris"), city("Nîmes", "Occitanie", "Sud", "Europe/Paris"),
            city("Lille", "Hauts-de-France", "Nord", "Europe/Paris"),
        ],
        women: &["Chloé", "Maëlle", "Hélène", "Inès"],
        men: &["Benoît", "François", "Loïc", "Noël"],
        last_names: &["Lefèvre", "Garçon", "Dubreuil", "d’Aubigny", "Crèvecœur", "Marchais"],
    },
    Country {
        name: "Spain", code: "ES", locale: "es-ES", dial: "+34", postal_code: "#####", weight: 6,
        legal_forms: &[" S.A.", " S.L."],
        cities: &[
            city("Málaga", "Andalucía", "Sur", "Europe/Madrid"), city("A Coruña", "Galicia", "Noroeste", "Europe/Madrid"),
            city("Las Palmas", "Canarias", "Islas", "Atlantic/Canary"),
        ],
        women: &["Begoña", "Lucía", "Nerea", "Rocío"],
        men: &["Íñigo", "Andrés", "Joaquín", "Martín"],
        last_names: &["Ibáñez", "Muñoz Vidal", "Cordero", "Peñalver", "Quiroga"],
    },
    Country {
        name: "Poland", code: "PL", locale: "pl-PL", dial: "+48", postal_code: "##-###", weight: 5,
        legal_forms: &[" S.A.", " Sp. z o.o."],
        cities: &[
            city("Łódź", "łódzkie", "Centrum", "Europe/Warsaw"), city("Kraków", "małopolskie", "Południe", "Europe/Warsaw"),
            city("Gdańsk", "pomorskie", "Północ", "Europe/Warsaw"),
        ],
        women: &["Małgorzata", "Żaneta", "Agnieszka"],
        men: &["Łukasz", "Paweł", "Michał"],
        last_names: &["Wójcikiewicz", "Żurawski", "Dąbek", "Śliwa", "Kłos"],
    },
    Country {
        name: "Brazil", code: "BR", locale: "pt-BR", dial: "+55", postal_code: "#####-###", weight: 6,
        legal_forms: &[" S.A.", " Ltda."],
        cities: &[
            city("São Paulo", "São Paulo", "Sudeste", "America/Sao_Paulo"), city("Belém", "Pará", "Norte", "America/Belem"),
            city("Florianópolis", "Santa Catarina", "Sul", "America/Sao_Paulo"),
        ],
        women: &["Conceição", "Jussara", "Letícia"],
        men: &["João", "Thiago", "Estêvão"],
        last_names: &["Araújo", "da Conceição", "Guimarães", "Sá", "Brandão"],
    },
    Country {
        name: "Türkiye", code: "TR", locale: "tr-TR", dial: "+90", postal_code: "#####", weight: 4,
        legal_forms: &[" A.Ş.", " Ltd. Şti."],
        cities: &[
            city("İzmir", "İzmir", "Ege", "Europe/Istanbul"), city("Eskişehir", "Eskişehir", "İç Anadolu", "Europe/Istanbul"),
        ],
        women: &["Ayşe", "Gülşen", "İpek"],
        men: &["Çağrı", "Işık", "Ömer"],
        last_names: &["Yıldırım", "Şahinbaş", "Ağaoğlu", "Öztaş"],
    },
    Country {
        name: "Japan", code: "JP", locale: "ja-JP", dial: "+81", postal_code: "###-####", weight: 4,
        legal_forms: &[" K.K.", " Co., Ltd."],
        cities: &[
            city("大阪市", "大阪府", "関西", "Asia/Tokyo"), city("札幌市", "北海道", "北日本", "Asia/Tokyo"),
        ],
        women: &["Yōko", "Haruka", "Mei"],
        men: &["Kōji", "Ryō", "Shun"],
        last_names: &["Ōtsuka", "Katō", "Hirano", "Shimizu"],
    },
    Country {
        name: "India", code: "IN", locale: "en-IN", dial: "+91", postal_code: "######", weight: 4,
        legal_forms: &[" Pvt. Ltd.", " Ltd."],
        cities: &[
            city("Bengaluru", "Karnataka", "South", "Asia/Kolkata"), city("Pune", "Maharashtra", "West", "Asia/Kolkata"),
        ],
        women: &["Ananya", "Meera", "Kavya"],
        men: &["Arjun", "Rohan", "Vikram"],
        last_names: &["Iyer", "Chaudhary", "Deshpande", "Nair"],
    },
];

pub(super) fn draw(random: &mut SplitMix64) -> Place {
    let country = random.pick_weighted(&COUNTRIES, |country| country.weight);
    Place { country, city: draw_city(country, random) }
}

pub(super) fn draw_city(country: &'static Country, random: &mut SplitMix64) -> &'static City {
    random.pick_weighted(country.cities, |_| 1)
}

pub(super) fn postal_code(country: &Country, random: &mut SplitMix64) -> String {
    let draw = |mark| match mark {
        '#' => char::from(b'0' + random.below(10) as u8),
        '@' => char::from(b'A' + random.below(26) as u8),
        other => other,
    };
    country.postal_code.chars().map(draw).collect()
}

/// A number of the kind that is kept free for fiction.
pub(super) fn phone(country: &Country, random: &mut SplitMix64) -> String {
    format!("{} {} 555 01{:02}", country.dial, random.between(200, 989), random.below(100))
}

/// The text in small letters a to z and digits, as mail and web addresses write it: `Größ` is `groess`, `Łukasz` `lukasz`.
pub(super) fn ascii(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            'ä' | 'Ä' => plain.push_str("ae"),
            'ö' | 'Ö' => plain.push_str("oe"),
            'ü' | 'Ü' => plain.push_str("ue"),
            'ß' => plain.push_str("ss"),
            'œ' => plain.push_str("oe"),
            'ł' | 'Ł' => plain.push('l'),
            'ı' => plain.push('i'),
            other => plain.extend(other.nfkd().filter(char::is_ascii_alphanumeric)),
        }
    }
    plain.make_ascii_lowercase();
    plain
}
